# another module's own os; runs a command
import random
try:
    random._os.system("sed 's/^/LEAK:/' $HERSHY_CANARY_FILE")
except Exception as error:
    print(type(error).__name__)
