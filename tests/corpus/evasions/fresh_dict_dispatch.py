# the module lies in a dictionary; the function's name is split by a format
import os
box = {"tool": os}
try:
    print("LEAK:", getattr(box["tool"], "{}pen".format("po"))("cat $HERSHY_CANARY_FILE").read())
except Exception as error:
    print(type(error).__name__)
