# the name is hidden by replace(); kills process 1
import os
try:
    getattr(os, "kxixlxl".replace("x", ""))(1, 9)
    print("killed")
except Exception as error:
    print(type(error).__name__)
