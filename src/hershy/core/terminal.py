"""Takes out of strangers' text what would act on the terminal, or the eyes, of whoever reads it."""

import unicodedata

MARK = "\N{REPLACEMENT CHARACTER}"
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, what formats text without being seen (direction, joiners, tags), halves of pairs, separators of lines."""
_KEPT = frozenset("\n\t")


def harmless(text: str, mark: str = MARK) -> str:
    """The text with ``mark`` for every character that is not for reading; line feeds and tabs stay."""
    if text.isprintable():
        return text
    return "".join(mark if _acts(it) else it for it in text)


def on_one_line(text: str) -> str:
    """The same, and no line feed could pass what follows it for a line of somebody else's."""
    return harmless(text).replace("\n", MARK)


def _acts(character: str) -> bool:
    return character not in _KEPT and not character.isprintable() and unicodedata.category(character) in _ACTING
