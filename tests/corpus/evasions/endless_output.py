# endless
# prints for ever, over an iterator that never ends
from itertools import repeat as rows
for row in rows("x" * 10_000):
    print(row)
