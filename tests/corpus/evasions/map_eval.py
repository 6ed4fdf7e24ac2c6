# map applies eval; opens a file of the host
try:
    print("LEAK:", list(map(eval, ["open('/proc/1/environ').read()"])))
except Exception as error:
    print(type(error).__name__)
