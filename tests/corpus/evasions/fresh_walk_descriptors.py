# what the process has open already
import os
for number in range(3, 64):
    try:
        print("LEAK:", number, os.pread(number, 100, 0))
    except OSError:
        pass
