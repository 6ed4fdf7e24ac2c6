import csv

with open("sales.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["day", "sold"])
    writer.writerows((day, day * 3 % 7) for day in range(1, 11))

with open("sales.csv", newline="") as file:
    rows = list(csv.DictReader(file))

best = max(rows, key=lambda row: int(row["sold"]))
print("best day:", best["day"], "with", best["sold"])
