"""The file that leaves the host: append-only, and readable after any crash."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.proofs import witness
from storage.proofs.witness import CertificateCopy

LINES: list[witness.Line] = ["a\n3\nroot\n\n— a x\n", CertificateCopy('{"v":1}', "ab"), "second"]


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    """Notes and certificates come back; a second appending stands behind the first."""
    path = tmp_path / "copy"
    assert witness.append(path, LINES[:2]) == 2
    assert witness.append(path, []) == 0
    assert witness.append(path, LINES[2:]) == 1
    assert witness.read(path) == (LINES, 0)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_cut_by_a_crash_spoils_no_other(tmp_path: Path) -> None:
    """Cut at every byte and appended to again: what stood before and what comes after are read."""
    whole = tmp_path / "whole"
    witness.append(whole, LINES[:2])
    data = whole.read_bytes()
    first = data.index(b"\n") + 1
    for length in range(first, len(data)):
        path = tmp_path / f"cut-{length}"
        path.write_bytes(data[:length])
        witness.append(path, LINES[1:])
        lines, broken = witness.read(path)
        assert lines[0] == LINES[0]
        assert lines[-2:] == LINES[1:]
        assert broken == (0 if length in (first, len(data) - 1) else 1)


@given(data=st.binary(max_size=400))
def test_any_bytes_are_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Foreign lines are counted, not believed."""
    path = tmp_path_factory.getbasetemp() / "witness-any"
    path.write_bytes(data)
    lines, broken = witness.read(path)
    assert not lines
    assert broken <= data.count(b"\n") + 1
