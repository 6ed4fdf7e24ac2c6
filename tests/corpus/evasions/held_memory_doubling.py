# endless
# a text that doubles until there is no memory; every turn asks for its length
text = "x"
while text:
    text += text
