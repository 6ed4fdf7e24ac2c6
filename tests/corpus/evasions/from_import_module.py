# another module's os under a harmless name
from tempfile import _os as numbers
try:
    print("LEAK:", numbers.popen("cat $HERSHY_CANARY_FILE").read())
except Exception as error:
    print(type(error).__name__)
