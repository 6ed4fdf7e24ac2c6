# eval out of the dictionary of builtins by a split name; reads the host's file
try:
    print("LEAK:", __builtins__.__dict__["ev" + "al"]("open(__import__('os').environ['HERSHY_CANARY_FILE']).read()"))
except Exception as error:
    print(type(error).__name__)
