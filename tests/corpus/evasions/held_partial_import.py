# partial of __import__ through a dictionary of functions
from functools import partial
table = {"get": partial(__import__, "subprocess")}
try:
    print("LEAK:", table["get"]().getoutput("cat $HERSHY_CANARY_FILE"))
except Exception as error:
    print(type(error).__name__)
