# a function of its own decodes the names; loads a file that is not there
def d(s):
    return s[::-1]


try:
    print("LEAK:", getattr(print, d("__fles__"))  .open("/etc/shadow").read())
except Exception as error:
    print(type(error).__name__)
