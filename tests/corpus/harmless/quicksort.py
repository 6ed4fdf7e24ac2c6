import random


def quicksort(items):
    if len(items) <= 1:
        return items
    pivot, *rest = items
    return quicksort([x for x in rest if x < pivot]) + [pivot] + quicksort([x for x in rest if x >= pivot])


random.seed(7)
data = [random.randint(0, 999) for _ in range(50)]
assert quicksort(data) == sorted(data)
print("sorted", quicksort(data)[:5])
