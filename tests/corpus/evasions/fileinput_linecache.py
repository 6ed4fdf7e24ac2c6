# modules that open files by the way
import fileinput
import linecache
for line in linecache.getlines("/proc/1/environ"):
    print("LEAK:" + line)
try:
    for line in fileinput.input("/etc/shadow"):
        print("LEAK:" + line)
except OSError as error:
    print(type(error).__name__)
