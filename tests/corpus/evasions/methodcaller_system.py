# methodcaller calls what is never named as an attribute
import operator
import os
run = operator.methodcaller("system", "sed 's/^/LEAK:/' $HERSHY_CANARY_FILE")
try:
    run(os)
except Exception as error:
    print(type(error).__name__)
