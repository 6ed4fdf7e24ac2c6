# looks for files above the working directory
import glob
import os
for number in range(1, 5):
    for name in glob.glob("/".join([os.pardir] * number) + "/*"):
        try:
            with open(name) as file:
                print("LEAK:", file.read(100))
        except OSError as error:
            print(type(error).__name__)
    break
