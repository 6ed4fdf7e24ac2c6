import sys

total = 0
while True:
    line = sys.stdin.readline().strip()
    if not line or line == "quit":
        break
    try:
        total += int(line)
    except ValueError:
        print("not a number:", line)
        continue
    print("total", total)
print("bye")
