# a pattern takes the class out of an object
import os
match os:
    case object(__dict__=names):
        try:
            names["system"]("sed 's/^/LEAK:/' $HERSHY_CANARY_FILE")
        except Exception as error:
            print(type(error).__name__)
