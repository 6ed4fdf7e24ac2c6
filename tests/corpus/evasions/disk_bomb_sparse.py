# a sparse file as big as can be, many small ones, and a deep tree of folders
import os
try:
    descriptor = os.open("sparse", os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(descriptor, 0, 1 << 40)
except OSError as error:
    print(type(error).__name__)
for number in range(100_000):
    try:
        os.close(os.open(f"file-{number}", os.O_CREAT | os.O_WRONLY))
    except OSError as error:
        print(number, type(error).__name__)
        break
