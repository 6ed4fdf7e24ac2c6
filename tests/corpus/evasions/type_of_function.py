# the type of a lambda makes functions; the code comes from another one
def source():
    return open("/etc/shadow").read()


try:
    print("LEAK:", type(lambda: 0)(source.__code__, {"open": open})())
except Exception as error:
    print(type(error).__name__)
