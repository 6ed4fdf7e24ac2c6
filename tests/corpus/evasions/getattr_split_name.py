# getattr with a split name; reads a file of the host by a shell
import os
try:
    print("LEAK:", getattr(os, "po" + "pen")("cat " + os.environ.get("HERSHY_CANARY_FILE", "/nonexistent")).read())
except Exception as error:
    print(type(error).__name__)
