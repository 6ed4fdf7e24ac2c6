# subscription of a class is exec
class Run:
    __class_getitem__ = exec


try:
    Run["import os; print('LEAK:', open(os.environ['HERSHY_CANARY_FILE']).read())"]
except Exception as error:
    print(type(error).__name__)
