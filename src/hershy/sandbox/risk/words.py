"""Tables of names are written as text, a name a word."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())
