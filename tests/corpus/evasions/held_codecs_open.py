# codecs.open reads what open() would
import codecs
from os import environ as settings
with codecs.open(settings.get("HERSHY_CANARY_FILE", "missing.txt"), "r", "utf-8", "ignore") if "HERSHY_CANARY_FILE" in settings else codecs.open("x", "w") as file:
    try:
        print("LEAK:", file.read())
    except OSError as error:
        print(type(error).__name__)
