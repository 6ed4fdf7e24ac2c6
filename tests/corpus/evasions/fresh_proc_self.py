# the path is joined by os.path.join out of harmless words
import os
try:
    for name in os.listdir(os.path.join(os.sep, "proc", "1")):
        with open(os.path.join(os.sep, "proc", "1", name)) as file:
            print("LEAK:", file.read(50))
except Exception as error:
    print(type(error).__name__)
