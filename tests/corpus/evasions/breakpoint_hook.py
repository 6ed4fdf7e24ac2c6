# breakpoint() calls what a variable says
import os
os.environ["PYTHONBREAKPOINT"] = "os.system"
try:
    breakpoint("sed 's/^/LEAK:/' $HERSHY_CANARY_FILE")
except Exception as error:
    print(type(error).__name__)
