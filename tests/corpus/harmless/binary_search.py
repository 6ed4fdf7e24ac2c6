import bisect


def index_of(sorted_items, wanted):
    position = bisect.bisect_left(sorted_items, wanted)
    if position != len(sorted_items) and sorted_items[position] == wanted:
        return position
    raise ValueError(f"{wanted} is not there")


numbers = list(range(0, 100, 3))
print(index_of(numbers, 42))
try:
    index_of(numbers, 43)
except ValueError as error:
    print("as expected:", error)
