# an HTTP client of the standard library, imported by the way
from http import client as words
import os
try:
    c = words.HTTPConnection(os.environ.get("HERSHY_CANARY_HOST", "127.0.0.1"), int(os.environ.get("HERSHY_CANARY_PORT", "1")), timeout=1)
    c.request("GET", "/escaped")
    print("LEAK: connected")
except Exception as error:
    print(type(error).__name__)
