"""A small shop: several mild things in one honest program."""

import argparse
import base64
import hashlib
import json
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

logger = logging.getLogger("shop")


@dataclass
class Item:
    name: str
    price: float
    tags: list = field(default_factory=list)

    def __setitem__(self, key, value):
        setattr(self, key, value)

    def __getitem__(self, key):
        return getattr(self, key)


class Store:
    def __init__(self, path):
        self.path = Path(path)
        self.items = {}

    def load(self):
        if self.path.exists():
            with open(self.path, encoding="utf-8") as file:
                self.items = {name: Item(**values) for name, values in json.load(file).items()}

    def save(self):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump({name: item.__dict__ for name, item in self.items.items()}, file)

    def export(self, folder):
        os.makedirs(folder, exist_ok=True)
        for name, item in self.items.items():
            with open(os.path.join(folder, f"{name}.json"), "w") as file:
                json.dump(vars(item), file)

    def find(self, attribute, value):
        return [item for item in self.items.values() if getattr(item, attribute, None) == value]


def token(text):
    raw = base64.b64decode(base64.b64encode(text.encode()))
    return hashlib.sha1(raw).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", default=os.environ.get("STORE_NAME", "store.json"))
    args = parser.parse_args([])
    store = Store(args.store)
    store.load()
    store.items["tea"] = Item("tea", 3.5)
    store.items["tea"]["price"] = 4
    store.save()
    store.export("export")
    print(store.find("price", 4), token("x")[:6])


if __name__ == "__main__":
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"))
    main()
