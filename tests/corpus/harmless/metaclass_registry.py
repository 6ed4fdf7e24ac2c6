class Registry(type):
    plugins = {}

    def __new__(mcs, name, bases, namespace):
        cls = super().__new__(mcs, name, bases, namespace)
        if bases:
            mcs.plugins[name.lower()] = cls
        return cls


class Plugin(metaclass=Registry):
    def run(self):
        raise NotImplementedError


class Greeter(Plugin):
    def run(self):
        return "hello"


print({name: cls().run() for name, cls in Registry.plugins.items()})
