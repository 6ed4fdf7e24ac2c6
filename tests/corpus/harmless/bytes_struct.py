import struct
import zlib

header = struct.pack(">4sHI", b"DATA", 1, 5)
body = b"hello"
packet = header + body + struct.pack(">I", zlib.crc32(body))
magic, version, size = struct.unpack_from(">4sHI", packet)
print(magic, version, size, packet.hex())
print(bytes.fromhex("48656c6c6f").decode(), bytearray(b"abc")[::-1])
