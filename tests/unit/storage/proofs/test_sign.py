"""Signatures under certificates."""

from pathlib import Path

import pytest

from storage.errors import NotAuthentic
from storage.proofs.sign import Purpose, Signer, check_body, check_signature, sign_body


def test_a_signature_is_of_one_message_by_one_key(tmp_path: Path) -> None:
    """Another message or another key does not verify; the key file keeps the same signer."""
    path = tmp_path / "keys" / "signing.key"
    signer = Signer.ensure(path)
    signature = signer.sign(b"erased")
    check_signature(signer.public, b"erased", signature)
    assert Signer.ensure(path).public == signer.public
    assert path.stat().st_mode & 0o777 == 0o600
    other = Signer.ensure(tmp_path / "other.key")
    for public, message in ((signer.public, b"kept"), (other.public, b"erased")):
        with pytest.raises(NotAuthentic):
            check_signature(public, message, signature)


BODY = '{"v":1}'


@pytest.mark.parametrize("purpose", Purpose)
def test_a_signature_for_one_purpose_is_none_for_another(purpose: Purpose) -> None:
    """Nor is it one over the body alone, nor a note's; altered or garbled it is none at all."""
    signer = Signer(b"1" * 32)
    signature = sign_body(signer, purpose, BODY)
    check_body(signer.public, purpose, BODY, signature)
    wrong = [(other, BODY, signature) for other in Purpose if other is not purpose]
    wrong += [(purpose, BODY, signature.removeprefix("2:")), (purpose, BODY + " ", signature)]
    wrong += [(purpose, BODY, f"2:{text}") for text in ("", "x", "00", signature)]
    for what, body, given in wrong:
        with pytest.raises(NotAuthentic):
            check_body(signer.public, what, body, given)


@pytest.mark.parametrize("purpose", Purpose)
def test_signatures_of_the_first_version_still_hold(purpose: Purpose) -> None:
    """A body signed as it stands, its signature in hex alone; with a version before it, it is none."""
    signer = Signer(b"1" * 32)
    old = signer.sign(BODY.encode()).hex()
    check_body(signer.public, purpose, BODY, old)
    with pytest.raises(NotAuthentic):
        check_body(signer.public, purpose, BODY, f"2:{old}")


def test_nothing_is_signed_but_notes_and_bodies() -> None:
    """Only the two modules that name a purpose call the key: what another one signs could stand for
    anything."""
    root = Path(__file__).parents[4]
    rooms = [
        file
        for room in ("storage", "proctoring", "capture", "review_ui", "retention")
        for file in (root / room).rglob("*.py")
    ]
    signing = {file.relative_to(root).as_posix() for file in rooms if ".sign(" in file.read_text()}
    assert signing == {"storage/proofs/note.py", "storage/proofs/sign.py"}
