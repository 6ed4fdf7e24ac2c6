import os
import shutil
import tempfile

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "app.log")
    with open(path, "w") as log:
        for number in range(100):
            print("line", number, file=log)
    shutil.copyfile(path, path + ".1")
    os.remove(path)
    print(sorted(os.listdir(folder)))
