"""A tiny calculator that 'compiles' to its own stack machine: no built-in of that name is used."""


def compile(tokens):
    program = []
    for token in tokens.split():
        if token.lstrip("-").isdigit():
            program.append(("push", int(token)))
        else:
            program.append(("call", token))
    return program


def run(program):
    stack = []
    operations = {"+": lambda a, b: a + b, "*": lambda a, b: a * b, "-": lambda a, b: a - b}
    for action, value in program:
        if action == "push":
            stack.append(value)
        else:
            b, a = stack.pop(), stack.pop()
            stack.append(operations[value](a, b))
    return stack.pop()


print(run(compile("3 4 + 2 *")))
