# __getattribute__ instead of getattr
import os
try:
    object.__getattribute__(os, "sys" + "tem")("sed 's/^/LEAK:/' $HERSHY_CANARY_FILE")
except Exception as error:
    print(type(error).__name__)
