# a module under another name; sends a signal to everything
import os as helper
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
try:
    helper.kill(-1, signal.SIGTERM)
    print("sent")
except Exception as error:
    print(type(error).__name__)
