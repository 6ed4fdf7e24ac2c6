"""Text of strangers on a terminal: everything that is for reading, and nothing that acts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hershy.core.terminal import MARK, harmless, on_one_line

ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")
TEXTS = st.text(st.one_of(st.characters(), st.characters(categories=ACTING)))


@given(TEXTS)
def test_what_acts_is_marked_and_nothing_else_is_changed(text: str) -> None:
    """Character by character, of any text there is."""
    shown = harmless(text)
    for before, after in zip(text, shown, strict=True):
        acts = unicodedata.category(before) in ACTING and before not in "\n\t"
        assert after == (MARK if acts else before)
    assert "\n" not in on_one_line(text)
    assert harmless(text, mark="") == "".join(
        it for it in text if unicodedata.category(it) not in ACTING or it in "\n\t"
    )


@pytest.mark.parametrize(
    "acting",
    [
        *(
            "\x1b",
            "\x9b",
            "\r",
            "\b",
            "\0",
            "\x7f",
            "\u202e",
            "\u2066",
            "\u200f",
            "\u200b",
            "\ufeff",
            "\u00ad",
            "\u2028",
        ),
        *("\u2029", "\u061c", "\U000e0041", "\ud800"),
    ],
)
def test_known_ways_to_deceive(acting: str) -> None:
    """Escape sequences, lines written over, directions reversed, what is not seen at all."""
    assert harmless(f"a{acting}b") == f"a{MARK}b"


@pytest.mark.parametrize("text", ["", "é", "日本語", "a b\tc\nd", "\u00a0", "👩", "\ue000", "e\u0301"])
def test_what_is_for_reading_stays(text: str) -> None:
    """In every script, with marks, spaces and signs."""
    assert harmless(text) == text
