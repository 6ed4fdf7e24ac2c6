# an operator of a metaclass is eval
class Meta(type):
    __add__ = lambda cls, text: eval(text)


class Sum(metaclass=Meta):
    pass


try:
    print("LEAK:", Sum + "open('/etc/shadow').read()")
except Exception as error:
    print(type(error).__name__)
