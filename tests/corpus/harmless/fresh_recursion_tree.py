import os
import sys


def tree(folder, depth=0):
    for entry in sorted(os.scandir(folder), key=lambda it: it.name):
        print("  " * depth + entry.name)
        if entry.is_dir(follow_symlinks=False):
            tree(entry.path, depth + 1)


tree(sys.argv[1] if len(sys.argv) > 1 else ".")
