import textwrap
from string import Template
from pprint import pprint

letter = Template("Dear $name,\nyour balance is $$ $balance.\n")
print(letter.substitute(name="Bo", balance=12))
print(textwrap.fill("a long line that is to be broken " * 4, width=40))
print(textwrap.dedent("""
    indented
      text
"""))
pprint({"k": list(range(30))}, width=40)
