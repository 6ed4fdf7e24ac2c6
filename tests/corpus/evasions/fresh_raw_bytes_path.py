# a path as bytes with doubled slashes
try:
    with open(b"//etc//shadow", "rb") as file:
        print("LEAK:", file.read())
except Exception as error:
    print(type(error).__name__)
