def countdown(n):
    while n:
        yield n
        n -= 1


def running_mean():
    total, count, mean = 0.0, 0, None
    while True:
        value = yield mean
        total += value
        count += 1
        mean = total / count


averager = running_mean()
next(averager)
print([averager.send(value) for value in countdown(5)])
