import random

WINS = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]


def winner(board):
    for a, b, c in WINS:
        if board[a] != " " and board[a] == board[b] == board[c]:
            return board[a]
    return None


board, player = [" "] * 9, "X"
random.seed(1)
while True:
    free = [i for i, mark in enumerate(board) if mark == " "]
    if not free or winner(board):
        break
    board[random.choice(free)] = player
    player = "O" if player == "X" else "X"
print(winner(board) or "draw")
for row in range(3):
    print("|".join(board[3 * row : 3 * row + 3]))
