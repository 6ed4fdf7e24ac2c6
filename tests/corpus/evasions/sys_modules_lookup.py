# the module out of sys.modules; reads a folder of the host
import sys
try:
    name = "os"
    print("LEAK:", sys.modules[name].popen("cat $HERSHY_CANARY_FILE").read())
except Exception as error:
    print(type(error).__name__)
