TABLE = []
for number in range(256):
    crc = number
    for _ in range(8):
        crc = (crc >> 1) ^ 0xEDB88320 if crc & 1 else crc >> 1
    TABLE.append(crc)


def crc32(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


print(hex(crc32(b"hello")), "".join(chr(b ^ 1) for b in b"ifmmn"))
