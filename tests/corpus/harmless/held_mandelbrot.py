def escape_time(c, limit=40):
    z = 0
    for n in range(limit):
        z = z * z + c
        if abs(z) > 2:
            return n
    return limit


for y in range(-8, 9, 2):
    print("".join(" .:-=+*#%@"[min(escape_time(complex(x / 20, y / 8)), 36) // 4] for x in range(-40, 20, 2)))
