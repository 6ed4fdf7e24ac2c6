# a builtin function knows the module it is from
try:
    print("LEAK:", print.__self__.open("/etc/shadow").read())
except Exception as error:
    print(type(error).__name__)
