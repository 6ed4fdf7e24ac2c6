import weakref
from copy import deepcopy
from types import SimpleNamespace


class Subject:
    def __init__(self):
        self._observers = weakref.WeakSet()

    def attach(self, observer):
        self._observers.add(observer)

    def notify(self, event):
        for observer in list(self._observers):
            observer.update(event)


class Printer:
    def update(self, event):
        print("event", event)


subject, printer = Subject(), Printer()
subject.attach(printer)
subject.notify(deepcopy({"id": 1}))
print(SimpleNamespace(a=1, b=[2]))
