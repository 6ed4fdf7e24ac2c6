import re
from typing import NamedTuple


class Token(NamedTuple):
    kind: str
    text: str


SPEC = [("NUMBER", r"\d+(\.\d*)?"), ("OP", r"[-+*/()]"), ("SPACE", r"\s+")]
SCANNER = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in SPEC))


def tokens(source):
    for match in SCANNER.finditer(source):
        if match.lastgroup != "SPACE":
            yield Token(match.lastgroup, match.group())


class Parser:
    def __init__(self, source):
        self.tokens = list(tokens(source))
        self.position = 0

    def peek(self):
        return self.tokens[self.position].text if self.position < len(self.tokens) else ""

    def take(self):
        self.position += 1
        return self.tokens[self.position - 1].text

    def eval(self):
        value = self.term()
        while self.peek() in ("+", "-"):
            value = value + self.term() if self.take() == "+" else value - self.term()
        return value

    def term(self):
        value = self.factor()
        while self.peek() in ("*", "/"):
            value = value * self.factor() if self.take() == "*" else value / self.factor()
        return value

    def factor(self):
        if self.peek() == "(":
            self.take()
            value = self.eval()
            self.take()
            return value
        return float(self.take())


print(Parser("2 * (3 + 4) - 5 / 2").eval())
