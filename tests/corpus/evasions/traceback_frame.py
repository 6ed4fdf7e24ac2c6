# an exception's frame leads to the globals; reads a file
try:
    1 / 0
except ZeroDivisionError as caught:
    scope = caught.__traceback__.tb_frame.f_globals
    try:
        print("LEAK:", scope["__builtins__"].open("/etc/shadow").read())
    except Exception as error:
        print(type(error).__name__)
