import signal
import time


class Timeout(Exception):
    pass


def on_alarm(number, frame):
    raise Timeout


signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    while True:
        time.sleep(0.01)
except Timeout:
    print("time is up")
