class Logged:
    def __init__(self, target):
        object.__setattr__(self, "_target", target)

    def __getattr__(self, name):
        value = getattr(self._target, name)
        if callable(value):

            def call(*args, **kwargs):
                print("calling", name, args)
                return value(*args, **kwargs)

            return call
        return value

    def __setattr__(self, name, value):
        print("setting", name)
        setattr(self._target, name, value)


class Counter:
    count = 0

    def add(self, by):
        self.count += by


counter = Logged(Counter())
counter.add(3)
counter.count = 9
print(counter.count)
