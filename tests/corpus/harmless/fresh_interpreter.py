"""A toy language with an environment of its own and an eval method."""


class Env(dict):
    def __init__(self, names=(), values=(), outer=None):
        super().__init__(zip(names, values))
        self.outer = outer

    def find(self, name):
        return self if name in self else self.outer.find(name)


def parse(tokens):
    token = tokens.pop(0)
    if token == "(":
        items = []
        while tokens[0] != ")":
            items.append(parse(tokens))
        tokens.pop(0)
        return items
    return int(token) if token.isdigit() else token


def evaluate(x, env):
    while True:
        if isinstance(x, str):
            return env.find(x)[x]
        if not isinstance(x, list):
            return x
        if x[0] == "if":
            x = x[2] if evaluate(x[1], env) else x[3]
        else:
            function, *args = [evaluate(it, env) for it in x]
            return function(*args)


GLOBAL = Env(["+", "*", ">"], [lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a > b])
print(evaluate(parse("( if ( > 2 1 ) ( + 2 ( * 3 4 ) ) 0 )".split()), GLOBAL))
