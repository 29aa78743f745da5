"""Words of the pages for the core's closed vocabularies."""

from enum import Enum

import pytest

from proctoring.custody.model import Action
from review_ui.words import WORDS, word

KINDS = sorted({kind for kind, _ in WORDS}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS)
def test_every_member_of_a_vocabulary_has_a_word(kind: type[Enum]) -> None:
    """None is left to be shown by its code."""
    assert [member for member in kind if not WORDS.get((kind, member))] == []


def test_every_act_of_the_ledger_is_said_in_words() -> None:
    """None as the ledger writes it, and no two alike."""
    said = [word(action) for action in Action]
    assert not set(said) & {action.value for action in Action}
    assert len(set(said)) == len(said)
