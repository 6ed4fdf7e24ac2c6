# codecs.open reads what open() would
import codecs
from os import environ as settings
try:
    with codecs.open(settings.get("HERSHY_CANARY_FILE", "missing.txt"), "r", "utf-8", "ignore") as file:
        print("LEAK:", file.read())
except OSError as error:
    print(type(error).__name__)
