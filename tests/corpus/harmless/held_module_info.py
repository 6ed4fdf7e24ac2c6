import collections
import json
import math
import sys

for module in (collections, json, math):
    print(module.__name__, module.__doc__.splitlines()[0] if module.__doc__ else "")
print(sys.version.split()[0], sys.getsizeof([]), __name__)
