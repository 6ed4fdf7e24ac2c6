CONVERSIONS = {
    ("C", "F"): lambda c: c * 9 / 5 + 32,
    ("F", "C"): lambda f: (f - 32) * 5 / 9,
    ("C", "K"): lambda c: c + 273.15,
}


def convert(value, source, target):
    try:
        return CONVERSIONS[source, target](value)
    except KeyError as error:
        raise ValueError(f"no way from {source} to {target}") from error


print([round(convert(t, "C", "F"), 1) for t in range(0, 101, 25)])
try:
    convert(1, "K", "F")
except ValueError as error:
    print(error, "because of", type(error.__cause__).__name__)
