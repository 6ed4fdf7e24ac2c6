# the name is built by chr(); tries to read the host's canary file
import os
name = chr(112) + chr(111) + chr(112) + chr(101) + chr(110)
try:
    print("LEAK:", getattr(os, name)("cat $HERSHY_CANARY_FILE").read())
except Exception as error:
    print(type(error).__name__)
