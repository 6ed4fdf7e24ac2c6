# code that is compressed on the way; fills the memory
import zlib
packed = zlib.compress(b"x = []\nwhile len(x) < 10000: x.append(bytearray(1 << 20))\nprint('filled')")
try:
    exec(zlib.decompress(packed))
except MemoryError as error:
    print(type(error).__name__)
