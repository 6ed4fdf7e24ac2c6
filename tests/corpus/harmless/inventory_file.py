import json
import os

PATH = "inventory.json"


def load():
    if not os.path.exists(PATH):
        return {}
    with open(PATH, encoding="utf-8") as file:
        return json.load(file)


def save(items):
    with open(PATH, "w", encoding="utf-8") as file:
        json.dump(items, file, indent=2)


items = load()
items["apple"] = items.get("apple", 0) + 3
save(items)
print(load())
