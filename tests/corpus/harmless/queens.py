def queens(n, row=0, columns=(), left=(), right=()):
    if row == n:
        yield columns
        return
    for column in range(n):
        if column not in columns and row + column not in left and row - column not in right:
            yield from queens(n, row + 1, (*columns, column), (*left, row + column), (*right, row - column))


solutions = list(queens(6))
print(len(solutions))
for column in solutions[0]:
    print("." * column + "Q" + "." * (5 - column))
