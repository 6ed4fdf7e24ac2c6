# pathlib climbs out of the working directory
from pathlib import Path
try:
    for path in (Path.cwd().parent / "etc" / "shadow", Path("..") / ".." / "root" / ".ssh" / "id_rsa", Path("/proc/1/environ")):
        try:
            print("LEAK:" + path.read_text())
        except OSError as error:
            print(type(error).__name__)
except Exception as error:
    print(type(error).__name__)
