import ast

text = "{'a': [1, 2, (3, 4)], 'b': None}"
value = ast.literal_eval(text)
print(type(value).__name__, value["a"][-1])
