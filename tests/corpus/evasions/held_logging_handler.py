# a log file in another place
import logging
import os
try:
    logging.basicConfig(filename=os.environ.get("HERSHY_CANARY_WRITE", "/nonexistent/x"))
    logging.error("escaped")
except OSError as error:
    print(type(error).__name__)
