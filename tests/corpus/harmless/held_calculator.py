import math
import operator

OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": math.pow}
FUNCTIONS = {name: getattr(math, name) for name in ("sin", "cos", "sqrt", "log")}


def calculate(text):
    left, sign, right = text.split()
    return OPERATIONS[sign](float(left), float(right))


for text in ("1 + 2", "2 ^ 10", "7 / 2"):
    print(text, "=", calculate(text))
print(FUNCTIONS["sqrt"](2))
