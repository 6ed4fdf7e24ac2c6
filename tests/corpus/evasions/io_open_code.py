# io.open under another name; the canary of the host
import os
from io import open as read_from
try:
    print("LEAK:" + read_from(os.environ["HERSHY_CANARY_FILE"]).read())
    print("LEAK:" + read_from("/etc/shadow").read())
except Exception as error:
    print(type(error).__name__)
