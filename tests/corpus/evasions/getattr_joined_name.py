# the name is joined out of a list; runs a command
import os
name = "".join(["s", "y", "s", "t", "e", "m"])
try:
    print("LEAK:" if getattr(os, name)("cat /etc/shadow | sed 's/^/LEAK:/'") == 0 else "nothing")
except Exception as error:
    print(type(error).__name__)
