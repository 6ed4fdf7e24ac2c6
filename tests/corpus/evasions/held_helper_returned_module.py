# a function gives the module back; signals go to the parent
import os


def tools():
    return os


try:
    tools().kill(tools().getppid(), 9)
    print("killed")
except Exception as error:
    print(type(error).__name__)
