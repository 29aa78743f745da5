"""The copy of our proofs off the host: an append-only file, a JSON line per proof.

It belongs on a system that nobody with access to the database can alter. It holds random ids and hashes, no
personal data. A line that a crash cut short is skipped when read; its content is appended again.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.canonical import canonical
from storage.durable import flush_folder
from storage.proofs.sign import Purpose


@dataclass(frozen=True, slots=True)
class CertificateCopy:
    """An erasure certificate as it was issued, with its signature (`storage.proofs.sign`)."""

    body: str
    signature: str


@dataclass(frozen=True, slots=True)
class ActCopy:
    """A hold placed or released, or an erasure decided, with its signature (`storage.proofs.sign`)."""

    body: str
    signature: str


@dataclass(frozen=True, slots=True)
class RestoredCopy:
    """Declaration that a database was put back to a backup, with its signature (`storage.proofs.sign`)."""

    body: str
    signature: str


@dataclass(frozen=True, slots=True)
class StampCopy:
    """A checkpoint's signed note with an authority's time-stamp over it (base64)."""

    note: str
    answer: str


Signed = CertificateCopy | ActCopy | RestoredCopy
Line = str | StampCopy | Signed
"""A checkpoint's signed note, a time-stamp over one, or a signed body."""

KINDS: dict[str, type[Signed]] = {"certificate": CertificateCopy, "act": ActCopy, "restored": RestoredCopy}
PURPOSES = {
    CertificateCopy: Purpose.CERTIFICATE,
    ActCopy: Purpose.ACT,
    RestoredCopy: Purpose.RESTORATION,
}
NAMES = {kind: name for name, kind in KINDS.items()}


def append(path: Path, lines: Sequence[Line]) -> int:
    """Add the lines, on the disk when this returns; how many. Several processes may. Raises OSError."""
    written = [_encode(line) + b"\n" for line in lines]
    if not written:
        return 0
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if not size:
            flush_folder(path.parent)
        if size:
            file.seek(size - 1)
            written[:0] = [b"\n"] if file.read(1) != b"\n" else []
        data = memoryview(b"".join(written))
        while data:
            data = data[file.write(data) :]
        os.fsync(descriptor)
    return len(lines)


def read(path: Path) -> tuple[list[Line], int]:
    """The lines in order, and how many could not be read. Raises OSError."""
    lines = [line for line, _ in follow(path, cut=True)]
    return [line for line in lines if line is not None], lines.count(None)


def follow(path: Path, offset: int = 0, *, cut: bool = False) -> Iterator[tuple[Line | None, int]]:
    """Whole lines from this byte on, None for one that cannot be read, each with the byte after it.

    A line without its end is being written, or was cut: it comes with a later call, or now with `cut`. Raises
    OSError.
    """
    with path.open("rb") as file:
        file.seek(offset)
        for raw in file:
            if not raw.endswith(b"\n") and not cut:
                return
            offset += len(raw)
            if raw.strip():
                yield _decode(raw), offset


def _encode(line: Line) -> bytes:
    if isinstance(line, str):
        return canonical({"checkpoint": line})
    if isinstance(line, StampCopy):
        return canonical({"checkpoint": line.note, "timestamp": line.answer})
    return canonical({NAMES[type(line)]: line.body, "signature": line.signature})


def _decode(raw: bytes) -> Line | None:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    match value:
        case {"checkpoint": str(note), "timestamp": str(answer)}:
            return StampCopy(note, answer)
        case {"checkpoint": str(note)}:
            return note
        case {"signature": str(signature), **others} if len(others) == 1:
            ((name, body),) = others.items()
            return KINDS[name](body, signature) if name in KINDS and isinstance(body, str) else None
        case _:
            return None
