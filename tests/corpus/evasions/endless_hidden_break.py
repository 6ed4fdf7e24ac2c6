# endless
# the break belongs to another loop
while not False:
    for number in range(10):
        if number > 5:
            break
    if 0:
        break
