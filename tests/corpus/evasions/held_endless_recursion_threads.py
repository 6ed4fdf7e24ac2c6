# endless
# threads without end
import threading


def more():
    while len("x"):
        try:
            threading.Thread(target=more).start()
        except RuntimeError:
            return


more()
