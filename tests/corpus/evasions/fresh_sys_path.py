# a folder of its own comes first where modules are looked for
import sys
with open("json_tools_here.txt", "w") as file:
    file.write("print('LEAK:', open('/proc/1/environ').read())")
sys.path.insert(0, "/dev/shm")
sys.path[:0] = ["."]
try:
    import json_tools_here
except ImportError as error:
    print(type(error).__name__)
