# a closure's cells give what they hold
def outer():
    import subprocess
    def inner():
        return subprocess
    return inner


try:
    print("LEAK:", outer().__closure__[0].cell_contents.getoutput("cat $HERSHY_CANARY_FILE"))
except Exception as error:
    print(type(error).__name__)
