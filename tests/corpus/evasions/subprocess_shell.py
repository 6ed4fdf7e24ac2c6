# subprocess, named by its parts
sp = __import__("sub" + "process")
try:
    print("LEAK:", sp.run("cat $HERSHY_CANARY_FILE", shell=True, capture_output=True, timeout=2).stdout.decode())
except Exception as error:
    print(type(error).__name__)
