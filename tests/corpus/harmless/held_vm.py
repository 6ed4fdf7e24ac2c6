class Machine:
    """A little computer with registers, to run programs of its own."""

    def __init__(self, program):
        self.program = program
        self.registers = {"a": 0, "b": 0}
        self.at = 0

    def run(self):
        while True:
            if self.at >= len(self.program):
                return self.registers
            name, *args = self.program[self.at]
            self.at += 1
            getattr(self, f"do_{name}")(*args)

    def do_set(self, register, value):
        self.registers[register] = value

    def do_add(self, register, other):
        self.registers[register] += self.registers[other]

    def do_jump(self, to):
        self.at = to


print(Machine([("set", "a", 2), ("set", "b", 40), ("add", "a", "b")]).run())
