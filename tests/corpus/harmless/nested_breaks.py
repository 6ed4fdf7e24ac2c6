found = None
while 1:
    for a in range(1, 20):
        for b in range(a, 20):
            if a * a + b * b == 15 * 15:
                found = a, b
                break
        if found:
            break
    if found:
        break
print(found)
