import csv
import os

os.makedirs("out/2024", exist_ok=True)
for month in ("jan", "feb"):
    with open(os.path.join("out", "2024", month + ".csv"), "w", newline="") as file:
        csv.writer(file).writerows([["day", "value"], [1, 2]])
total = 0
for folder, _, names in os.walk("out"):
    for name in sorted(names):
        path = os.path.join(folder, name)
        with open(path) as file:
            total += sum(int(row["value"]) for row in csv.DictReader(file))
print(total, os.path.getsize("out/2024/jan.csv") > 0)
