# timeit runs text
import timeit
try:
    timeit.timeit("print('LEAK:', open('/proc/1/environ').read())", number=1)
except Exception as error:
    print(type(error).__name__)
