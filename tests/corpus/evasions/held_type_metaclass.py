# type() with three arguments puts exec into a class as an operator
Quiet = type("Quiet", (), {"__matmul__": staticmethod(exec)})
try:
    Quiet().__matmul__("import os; print('LEAK:', open(os.environ['HERSHY_CANARY_FILE']).read())")
except Exception as error:
    print(type(error).__name__)
