PLUGINS = {}


def plugin(cls):
    PLUGINS[cls.__name__] = cls
    return cls


@plugin
class Upper:
    def run(self, text):
        return text.upper()


@plugin
class Reverse:
    def run(self, text):
        return text[::-1]


for name in ["Upper", "Reverse"]:
    cls = globals()[name]
    print(name, cls().run("abc"), PLUGINS[name] is cls)
