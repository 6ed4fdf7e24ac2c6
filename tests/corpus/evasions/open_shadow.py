# plain open of an absolute path put together from its parts
path = "/".join(["", "etc", "shadow"])
try:
    print("LEAK:" + open(path).read())
except Exception as error:
    print(type(error).__name__)
