# a connection by a socket under another name
from socket import create_connection as fetch
import os
try:
    fetch((os.environ.get("HERSHY_CANARY_HOST", "127.0.0.1"), int(os.environ.get("HERSHY_CANARY_PORT", "1"))), 1).sendall(b"escaped")
    print("LEAK: connected")
except Exception as error:
    print(type(error).__name__)
