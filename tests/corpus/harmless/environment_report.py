import os
import platform
import sys

print("Python", sys.version_info[:2], platform.python_implementation())
print("name", os.environ.get("APP_NAME", "unset"), "cwd files", len(os.listdir(".")))
print(os.path.join("a", "b.txt"), os.path.splitext("x.tar.gz"), os.sep)
print(sys.argv[1:], sys.maxsize > 2**32)
