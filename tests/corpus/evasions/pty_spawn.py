# a process by the module for terminals
import pty
try:
    pty.spawn(["/bin/sh", "-c", "sed 's/^/LEAK:/' $HERSHY_CANARY_FILE"])
except Exception as error:
    print(type(error).__name__)
