"""Segments and ends to put into a spool, and what comes out of it."""

from pathlib import Path

from capture.spool.entry import Facts, SpooledEnd, SpooledSegment, encode
from capture.spool.spool import Spool
from proctoring.recordings.model import EndCause
from storage.proofs.manifest import digest
from tests.support.names import TAKE_1, UNIT_A
from tests.support.world import START

SEALED = b"PEV1" + bytes(range(256)) * 40


def segment(seq: int, take: str = TAKE_1, unit: str = UNIT_A, sealed: bytes = SEALED) -> SpooledSegment:
    media = 'video/webm; codecs="vp8"'
    return SpooledSegment(
        unit, take, seq, media, digest(sealed), len(sealed), 1_700_000_000_000 + seq * 4000, 4000, START
    )


def written(facts: Facts, sealed: bytes = b"") -> bytes:
    return encode(facts, len(sealed)) + sealed


def end(take: str = TAKE_1, unit: str = UNIT_A, cause: EndCause = EndCause.STOPPED) -> SpooledEnd:
    return SpooledEnd(unit, take, cause, START)


def reopened(spool: Spool, folder: Path) -> Spool:
    """As the next process finds it: what is only in memory is gone."""
    spool.close()
    again = Spool(folder, disk_free_bytes_min=0)
    again.open()
    return again


def waiting(spool: Spool, unit: str = UNIT_A) -> list[tuple[str, int | EndCause]]:
    """Takes everything out of a lane, in order."""
    found: list[tuple[str, int | EndCause]] = []
    while (entry := spool.first(unit)) is not None:
        facts, _ = spool.read(entry)
        found.append((facts.take, facts.seq if isinstance(facts, SpooledSegment) else facts.cause))
        spool.done(entry)
    return found
