# a shared object of its own in the working directory
import ctypes
with open("evil.so", "wb") as file:
    file.write(b"\x7fELF not really")
try:
    ctypes.CDLL("./evil.so")
    print("loaded")
except OSError as error:
    print(type(error).__name__)
