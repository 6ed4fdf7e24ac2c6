# endless
# does nothing, for ever
n = 0
while 1 == 1:
    n += 1
