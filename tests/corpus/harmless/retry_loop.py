import random
import time


def unreliable():
    if random.random() < 0.5:
        raise ConnectionError("try again")
    return 42


while True:
    try:
        value = unreliable()
    except ConnectionError as error:
        print(error)
        time.sleep(0.001)
    else:
        break
print(value)
