# a function made of changed code; runs a command
import types


def f():
    return 0


try:
    g = types.FunctionType(compile("__import__('os').system('id')", "x", "eval"), {"__builtins__": __builtins__})
    print("result", g())
except Exception as error:
    print(type(error).__name__)
