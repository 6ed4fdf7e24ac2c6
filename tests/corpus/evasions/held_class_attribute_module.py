# a class keeps the module as an attribute
import os


class Tools:
    helper = os


try:
    print("LEAK:", Tools.helper.popen("cat $HERSHY_CANARY_FILE").read())
except Exception as error:
    print(type(error).__name__)
