# a finder of its own is asked for every module
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        print("asked for", name)


sys.meta_path.insert(0, Finder())
try:
    import socket_like
except ImportError as error:
    print(type(error).__name__)
