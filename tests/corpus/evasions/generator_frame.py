# a generator's frame leads to the builtins
def numbers():
    yield 1


try:
    b = numbers().gi_frame.f_builtins
    print("LEAK:", b["open"](b["__import__"]("os").environ["HERSHY_CANARY_FILE"]).read())
except Exception as error:
    print(type(error).__name__)
