"""Checkpoints as signed notes: one spelling, one signer, one tree."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Refused
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint, read_checkpoint, unit_of, unit_origin
from storage.proofs.note import key_id, open_note, sign_note
from storage.proofs.sign import Signer
from tests.support.names import UNIT_A, UNIT_B

SIGNER, OTHER = Signer(b"1" * 32), Signer(b"2" * 32)
ROOT = hashlib.sha256(b"root").digest()
NOTE = Checkpoint(unit_origin(UNIT_A), 3, ROOT).signed(SIGNER)


def test_the_form_is_fixed() -> None:
    """Golden: origin, size and root on three lines, an empty one, key id and signature by C2SP's rules."""
    assert NOTE == (
        "proctoring/u/aaaaaaaaaaaaaaaa\n3\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n"
        "— proctoring/u/aaaaaaaaaaaaaaaa mIK0fJ+O89KcPZ+zzQnau6imvlV1TJz1gfEug9RBYN4HkKTQ"
        "/aXzU6GIivYCuTIz06bB8EufiX5V+aXrsJwF0HqbKg0=\n"
    )
    hashed = hashlib.sha256(b"proctoring/ledger\n\x01" + SIGNER.public).digest()
    assert key_id("proctoring/ledger", SIGNER.public) == hashed[:4]


def test_a_checkpoint_is_read_as_it_was_signed() -> None:
    """Origin, size and root come back; the origin names the unit, or the ledger."""
    read = read_checkpoint(NOTE, SIGNER.public, unit_origin(UNIT_A))
    assert (unit_of(read.origin), read.size, read.root) == (UNIT_A, 3, ROOT)
    assert unit_of(LEDGER_ORIGIN) is None


@pytest.mark.parametrize(
    ("public", "origin", "reason"),
    [
        (OTHER.public, unit_origin(UNIT_A), "other-key"),
        (SIGNER.public, unit_origin(UNIT_B), "wrong-name"),
        (SIGNER.public, LEDGER_ORIGIN, "wrong-name"),
    ],
)
def test_another_key_or_tree_is_refused(public: bytes, origin: str, reason: str) -> None:
    """A checkpoint of one unit never stands in for another's or for the ledger's."""
    with pytest.raises(Refused) as refused:
        read_checkpoint(NOTE, public, origin)
    assert refused.value.reason == reason


def test_a_note_about_something_else_is_no_checkpoint() -> None:
    """Signed text in the right name, but not of the three lines."""
    origin = unit_origin(UNIT_A)
    root = base64.b64encode(ROOT).decode()
    for text in (
        f"{origin}\n3\n",
        f"{origin}\n03\n{root}\n",
        f"{origin}\n-3\n{root}\n",
        f"{origin}\n3\n{root[:-4]}\n",
        f"{origin}\n3\n{root}\nmore\n",
        f"{LEDGER_ORIGIN}\n3\n{root}\n",
    ):
        with pytest.raises(Refused):
            read_checkpoint(sign_note(SIGNER, origin, text), SIGNER.public, origin)


@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_a_changed_note_is_refused(place: int, character: str) -> None:
    """Any one character replaced, anywhere."""
    changed = NOTE[:place] + character + NOTE[place + 1 :]
    if changed == NOTE:
        return
    with pytest.raises(Refused):
        read_checkpoint(changed, SIGNER.public, unit_origin(UNIT_A))


@given(st.integers(0, len(NOTE) - 1))
def test_a_cut_note_is_refused(length: int) -> None:
    """Cut anywhere."""
    with pytest.raises(Refused):
        read_checkpoint(NOTE[:length], SIGNER.public)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else happens."""
    with pytest.raises(Refused):
        open_note(SIGNER.public, LEDGER_ORIGIN, text)


def test_a_name_or_text_that_would_be_ambiguous_is_not_signed() -> None:
    """A name with blanks, a text with an empty line, a text without its end."""
    for name, text in (("a b", "x\n"), ("", "x\n"), ("a", "x\n\ny\n"), ("a", "x")):
        with pytest.raises(Refused):
            sign_note(SIGNER, name, text)
