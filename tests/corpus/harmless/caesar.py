import string


def caesar(text, shift):
    lower, upper = string.ascii_lowercase, string.ascii_uppercase
    table = str.maketrans(
        lower + upper,
        lower[shift:] + lower[:shift] + upper[shift:] + upper[:shift],
    )
    return text.translate(table)


secret = caesar("Attack at dawn", 3)
print(secret, "->", caesar(secret, -3 % 26))
print("".join(chr((ord(c) - 97 + 13) % 26 + 97) if c.islower() else c for c in "hello"))
