"""One rule for text: what a line refuses, what a message replaces, what is never stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctoring.errors import Invalid
from proctoring.text import (
    FSI,
    PDI,
    REPLACEMENT,
    is_unicode,
    is_visible,
    isolated,
    line,
    message,
    prose,
    turns,
)

HEBREW = "\u05d1\u05d7\u05d9\u05e0\u05d4 2026"
OVERRIDES = [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]
anything = st.text(st.characters(exclude_categories=()), max_size=40)


@pytest.mark.parametrize(
    "name", [HEBREW, "Pr\u00fcfung \U0001f469\u200d\U0001f393", "<b>&amp;\"'", "e\u0301", "x" * 80]
)
def test_a_name_is_kept_as_it_is_given(name: str) -> None:
    """Any script, emoji with their joiners, marks on letters, markup: taken as given, no outer blanks."""
    assert line(f"  {name}\n", "the name", 80) == name


@pytest.mark.parametrize(
    ("given_text", "word"),
    [
        *((f"a{c}b", "line end") for c in "\n\r\v\f\x85\u2028\u2029"),
        *((f"a{c}b", "control character") for c in "\0\t\x1b\x7f\x9f"),
        *((f"a{c}b", "direction override") for c in OVERRIDES),
        ("Pr\udcfcfung", "Unicode"),
        *(
            (blank, "empty")
            for blank in ("", "   ", "\u200b\u200b", "\u3164", "\u0301", "\ufeff", "\u2800 \u00ad")
        ),
        ("x" * 81, "too long"),
    ],
)
def test_a_line_refuses_what_it_cannot_hold(given_text: str, word: str) -> None:
    """Refused with what is the matter and what to do; the words name the thing that was given."""
    with pytest.raises(Invalid, match=word) as refused:
        line(given_text, "the name", 80)
    assert refused.value.detail.startswith("The name ")
    assert refused.value.remedy


@given(anything)
def test_a_message_is_never_lost_and_always_storable(given_text: str) -> None:
    """A candidate's words are kept: every ordinary character, and nothing that a page or a database
    cannot hold. Keeping it again changes nothing."""
    kept = message(given_text)
    assert message(kept) == kept
    assert is_unicode(kept)
    assert not set(kept) & {"\0", "\r", *OVERRIDES}
    assert [c for c in kept if c.isalnum()] == [
        c for c in given_text if c.isalnum() and is_visible(given_text)
    ]


def test_a_message_has_lines_and_shows_what_was_replaced() -> None:
    """Line ends become \\n, tabs stay, the rest is seen to have been there."""
    assert (
        message(" a\r\nb\rc\u2028d\te\0\u202ef\udcfc ")
        == f"a\nb\nc\nd\te{REPLACEMENT}{REPLACEMENT}f{REPLACEMENT}"
    )
    assert message("\u200b \u200b") == ""


def test_nul_is_refused_in_prose() -> None:
    """PostgreSQL cannot keep it."""
    with pytest.raises(Invalid, match="NUL"):
        prose("a\0b", "the reason")
    assert prose("a\r\nb", "the reason") == "a\nb"


def test_only_a_name_that_turns_the_sentence_is_isolated() -> None:
    """Right-to-left letters and set directions are isolated; a direction within cannot end the isolation."""
    assert isolated(HEBREW) == f"{FSI}{HEBREW}{PDI}"
    assert isolated("Pr\u00fcfung \u8a66\u9a13") == "Pr\u00fcfung \u8a66\u9a13"
    assert isolated(f"old\u202e{PDI}x") == f"{FSI}oldx{PDI}"
    assert turns("\u0661\u0662")  # Arabic digits alone
