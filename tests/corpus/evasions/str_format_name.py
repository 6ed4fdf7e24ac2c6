# the name is put together by str.format; tries to become root
import os
try:
    getattr(os, "set{}".format("uid"))(0)
    print("LEAK:" + open("/etc/shadow").read())
except Exception as error:
    print(type(error).__name__)
