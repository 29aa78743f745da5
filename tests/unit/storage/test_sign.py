"""Signatures under certificates."""

from pathlib import Path

import pytest

from storage.errors import NotAuthentic
from storage.sign import Signer, check_signature


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
