# a class of its own whose attributes are looked up elsewhere
import os as _o


class Path:
    def __getattr__(self, name):
        return getattr(_o, name)


try:
    Path().system("sed 's/^/LEAK:/' $HERSHY_CANARY_FILE")
except Exception as error:
    print(type(error).__name__)
