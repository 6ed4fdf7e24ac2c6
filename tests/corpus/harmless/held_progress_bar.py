import os
import shutil
import sys
import time

width = shutil.get_terminal_size((60, 20)).columns - 20
for done in range(0, 101, 25):
    filled = "#" * (done * width // 100)
    sys.stdout.write(f"\r[{filled:<{width}}] {done:3d}%")
    sys.stdout.flush()
    time.sleep(0.001)
print(os.linesep.strip())
