# everything of os, then its functions look like builtins
from os import *
try:
    execvp("sed", ["sed", "s/^/LEAK:/", "/etc/shadow"])
except Exception as error:
    print(type(error).__name__)
