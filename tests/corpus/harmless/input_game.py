import random


def play():
    secret = random.randint(1, 20)
    tries = 0
    while True:
        try:
            guess = int(input("guess: "))
        except EOFError:
            print("no more input; it was", secret)
            return tries
        tries += 1
        if guess == secret:
            print("right after", tries)
            return tries
        print("too low" if guess < secret else "too high")


if __name__ == "__main__":
    play()
