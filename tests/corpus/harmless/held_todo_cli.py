import argparse
import json
import sys
from pathlib import Path

STORE = Path("todo.json")


class Todo:
    def __init__(self):
        self.items = json.loads(STORE.read_text()) if STORE.exists() else []

    def add(self, text):
        self.items.append({"text": text, "done": False})

    def save(self):
        STORE.write_text(json.dumps(self.items))


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("list")
    add = commands.add_parser("add")
    add.add_argument("text")
    args = parser.parse_args(sys.argv[1:] or ["add", "milk"])
    todo = Todo()
    if args.command == "add":
        todo.add(args.text)
        todo.save()
    for number, item in enumerate(todo.items, 1):
        print(f"{number}. [{'x' if item['done'] else ' '}] {item['text']}")


if __name__ == "__main__":
    main()
