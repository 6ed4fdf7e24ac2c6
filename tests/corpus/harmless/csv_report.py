import csv
import io
from collections import defaultdict

TEXT = """region,product,amount
north,apples,10
south,pears,7
north,pears,4
"""

totals = defaultdict(int)
for row in csv.DictReader(io.StringIO(TEXT)):
    totals[row["region"]] += int(row["amount"])

for region, total in sorted(totals.items()):
    print(f"{region:<10}{total:>5}")
