from collections import OrderedDict
from collections.abc import MutableMapping


class LruCache(MutableMapping):
    def __init__(self, size):
        self._size = size
        self._items = OrderedDict()

    def __getitem__(self, key):
        self._items.move_to_end(key)
        return self._items[key]

    def __setitem__(self, key, value):
        self._items[key] = value
        self._items.move_to_end(key)
        while len(self._items) > self._size:
            self._items.popitem(last=False)

    def __delitem__(self, key):
        del self._items[key]

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)


cache = LruCache(2)
cache.update(a=1, b=2)
cache["c"] = 3
print(dict(cache))
