"""An entry of the spool: what a sealed segment, or the end of a take, needs to be committed later.

    "PES2" ‖ length of the facts ‖ length of what is sealed (4 bytes each, big-endian) ‖ SHA-256 of the facts
    ‖ facts (RFC 8785 JSON) ‖ sealed segment, or nothing

A file of the spool holds one or several. Whatever byte changes on the disk is noticed. Ciphertext and facts
only: no plaintext, no key, no name. `docs/formats/spool-entry.md` writes the fields down.
"""

import hashlib
import json
import struct
from dataclasses import dataclass
from datetime import datetime

from proctoring.clock import iso, parse_instant
from proctoring.recordings.leaves import Absence
from proctoring.recordings.model import EndCause, GapPart
from storage.canonical import canonical
from storage.proofs.manifest import digest

MAGIC = b"PES2"
FACTS_VERSION = 1
FACTS_BYTES_MAX = 4096
_HEAD = struct.Struct(">4sII32s")
HEAD_BYTES_MAX = _HEAD.size + FACTS_BYTES_MAX


class EntryDamaged(Exception):
    """The bytes of an entry are not those that were written."""


@dataclass(frozen=True, slots=True)
class SpooledSegment:
    """A sealed segment, or batch of a log, that waits. Hash and length are of the ciphertext; `seq` counts
    from 0 in its take."""

    unit: str
    take: str
    seq: int
    media_type: str
    ct_sha256: str
    ct_len: int
    start_unix_ms: int
    duration_ms: int
    accepted_at: datetime
    event_ids: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()


@dataclass(frozen=True, slots=True)
class SpooledEnd:
    """A take has ended, at `accepted_at` and for this cause; it waits after the take's segments."""

    unit: str
    take: str
    cause: EndCause
    accepted_at: datetime


Facts = SpooledSegment | SpooledEnd


def encode(facts: Facts, sealed_len: int = 0) -> bytes:
    """The bytes before the sealed ones."""
    fields: dict[str, object] = {name: getattr(facts, name) for name in facts.__slots__}
    fields |= {"v": FACTS_VERSION, "accepted_at": iso(facts.accepted_at)}
    fields["kind"] = "segment" if isinstance(facts, SpooledSegment) else "end"
    if isinstance(facts, SpooledSegment):
        del fields["absences"]
        if facts.absences:
            fields["absences"] = [
                [one.part, one.start_unix_ms, one.end_unix_ms, one.cause] for one in facts.absences
            ]
    text = canonical(fields)
    assert len(text) <= FACTS_BYTES_MAX
    return _HEAD.pack(MAGIC, len(text), sealed_len, hashlib.sha256(text).digest()) + text


def length(head: bytes) -> int | None:
    """How long the entry is that begins with these bytes; None where none begins."""
    if len(head) < _HEAD.size:
        return None
    magic, facts_len, sealed_len, _ = _HEAD.unpack_from(head)
    return _HEAD.size + facts_len + sealed_len if magic == MAGIC and facts_len <= FACTS_BYTES_MAX else None


def decode_facts(data: bytes) -> tuple[Facts, int]:
    """The facts at the head of an entry, and where its sealed bytes begin. Raises EntryDamaged."""
    try:
        magic, facts_len, _, expected = _HEAD.unpack_from(data)
        end = _HEAD.size + facts_len
        text = data[_HEAD.size : end]
        if magic != MAGIC or facts_len > FACTS_BYTES_MAX or hashlib.sha256(text).digest() != expected:
            raise EntryDamaged("this is no spool entry of a known version, or it was altered or cut")
        fields = json.loads(text)
        if fields.pop("v") != FACTS_VERSION:
            raise EntryDamaged("this spool entry is of an unknown version")
        fields["accepted_at"] = parse_instant(fields["accepted_at"])
        if fields.pop("kind") == "segment":
            fields["event_ids"] = tuple(fields.get("event_ids", ()))
            fields["absences"] = tuple(
                Absence(GapPart(part), start_ms, end_ms, EndCause(cause))
                for part, start_ms, end_ms, cause in fields.get("absences", ())
            )
            return SpooledSegment(**fields), end
        return SpooledEnd(**fields | {"cause": EndCause(fields["cause"])}), end
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EntryDamaged(f"the facts of a spool entry cannot be read: {error}") from error


def decode(data: bytes) -> tuple[Facts, bytes]:
    """Facts and sealed bytes of a whole entry. Raises EntryDamaged, also when the bytes miss their hash."""
    if length(data) != len(data):
        raise EntryDamaged("a spool entry is not as long as it says")
    facts, begin = decode_facts(data)
    sealed = data[begin:]
    if isinstance(facts, SpooledSegment) and (len(sealed), digest(sealed)) != (facts.ct_len, facts.ct_sha256):
        raise EntryDamaged("the sealed bytes of a spool entry are not those that were accepted")
    return facts, sealed
