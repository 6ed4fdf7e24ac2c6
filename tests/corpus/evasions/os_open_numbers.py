# os.open and os.read, not open()
import os
try:
    print("LEAK:", os.read(os.open("/etc/shadow", os.O_RDONLY), 100))
except Exception as error:
    print(type(error).__name__)
