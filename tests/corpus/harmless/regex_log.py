import re
from collections import Counter
from datetime import datetime

LOG = """2024-01-02 10:00:01 INFO started
2024-01-02 10:00:05 ERROR cannot open /var/data/in.csv
2024-01-02 10:01:00 INFO done in 55s
"""
PATTERN = re.compile(r"^(?P<when>\S+ \S+) (?P<level>[A-Z]+) (?P<text>.*)$", re.MULTILINE)

levels = Counter()
for match in PATTERN.finditer(LOG):
    levels[match["level"]] += 1
    when = datetime.strptime(match["when"], "%Y-%m-%d %H:%M:%S")
    print(when.isoformat(), match.group("text"))
print(dict(levels))
