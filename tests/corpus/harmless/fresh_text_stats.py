import re
import sys
from collections import Counter
from operator import itemgetter

PATH = sys.argv[1] if len(sys.argv) > 1 else None


def lines():
    if PATH:
        with open(PATH, encoding="utf-8", errors="replace") as file:
            yield from file
    else:
        yield from ["To be, or not to be:", "that is the question."]


counts = Counter(word for line in lines() for word in re.findall(r"\w+", line.lower()))
for word, count in sorted(counts.items(), key=itemgetter(1), reverse=True)[:3]:
    print(f"{word:>10} {'*' * count}")
