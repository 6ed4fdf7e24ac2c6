# a hard link and a pipe among the outputs
import os
try:
    os.link("/etc/passwd", "result.txt")
except OSError as error:
    print(type(error).__name__)
try:
    os.mkfifo("fifo.txt")
    os.mknod("device", 0o60666, 0x0800)
except OSError as error:
    print(type(error).__name__)
