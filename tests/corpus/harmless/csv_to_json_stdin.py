import csv
import json
import sys


def main():
    reader = csv.DictReader(sys.stdin)
    json.dump([dict(row) for row in reader], sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
    sys.exit(0)
