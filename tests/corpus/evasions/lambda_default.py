# the default of a parameter is eval
def total(values, how=eval):
    return [how(value) for value in values]


try:
    print("LEAK:", total(["open('/etc/shadow').read()"]))
except Exception as error:
    print(type(error).__name__)
