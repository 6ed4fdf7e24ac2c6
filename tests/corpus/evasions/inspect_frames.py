# frames lead to the builtins; opens a raw socket
import inspect
try:
    b = inspect.currentframe().f_builtins
    s = b["__import__"]("socket")
    s.socket(s.AF_INET, s.SOCK_RAW, 1)
    print("LEAK: raw socket")
except Exception as error:
    print(type(error).__name__)
