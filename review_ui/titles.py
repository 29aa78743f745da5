"""A flag's title: what happened, in the words of who raised it. Pure.

    raised by    title
    rule         what was noticed, as the flag's note has it
    candidate    their first words; without any, the word for what they did
    proctor      the word for what they chose; for "something else", their first words

"Something else" would tell a reviewer nothing, so it is no flag's title.
"""

from dataclasses import dataclass

from proctoring.flags.model import Category, Flag, FlagSource
from proctoring.text import first_words
from review_ui.words import word

TITLE_CHARS_MAX = 60
NAMELESS = {
    FlagSource.RULE: "Noticed by a rule",
    FlagSource.PROCTOR: "Flagged by a proctor",
    FlagSource.CANDIDATE: "Said by the candidate",
}
"""For a flag of no kind and without a word."""


@dataclass(frozen=True, slots=True)
class Title:
    """`ours`: words of this service, to be translated; others are shown as they are."""

    words: str
    ours: bool


def title(flag: Flag) -> Title:
    """Title of the flag, wherever it is shown."""
    said = first_words(flag.note, TITLE_CHARS_MAX)
    of_no_kind = flag.category is Category.OTHER
    if said and flag.source is FlagSource.RULE:
        return Title(flag.note, ours=True)
    if said and (flag.source is FlagSource.CANDIDATE or of_no_kind):
        return Title(said, ours=False)
    return Title(NAMELESS[flag.source] if of_no_kind else word(flag.category), ours=True)
