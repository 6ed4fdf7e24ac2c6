# the frame of an exception, asked for by a format field
import os


class Box:
    def __init__(self, error):
        self.error = error


try:
    open("missing")
except OSError as error:
    text = "{0.error.__traceback__.tb_frame.f_globals[os]}".format(Box(error))
    print("LEAK:" if "module" in text else "", text)
