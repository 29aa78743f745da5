"""The grammar of object keys: random ids and counters only, so that a bucket listing identifies no person.

segment   u/<unit>/<take>/<seq as 8 digits>.pev
prefix    u/<unit>/
"""

import re

from storage.errors import BadName

_ID = r"[a-z2-7]{16}"
_SEGMENT = re.compile(rf"u/{_ID}/{_ID}/[0-9]{{8}}\.pev")
_PREFIX = re.compile(rf"u/{_ID}/")
_BELOW = re.compile(rf"u/{_ID}/.+", re.DOTALL)
SEQ_MAX = 10**8 - 1


def segment_key(unit_id: str, take_id: str, seq: int) -> str:
    """The write-once object key of a segment. Raises BadName when a part is not of the grammar."""
    if not 0 <= seq <= SEQ_MAX:
        raise BadName(f"segment number {seq} is outside 0..{SEQ_MAX}")
    return check_key(f"u/{unit_id}/{take_id}/{seq:08d}.pev")


def unit_prefix(unit_id: str) -> str:
    """The prefix of all objects of one evidence unit."""
    return check_prefix(f"u/{unit_id}/")


def check_key(key: str) -> str:
    """The key itself, if it is one. Raises BadName: the store never sees any other path."""
    if not _SEGMENT.fullmatch(key):
        raise BadName(f"{key!r} is not an object key")
    return key


def check_prefix(prefix: str) -> str:
    """The prefix itself, if it is one. Raises BadName, also for the empty prefix: nobody lists everything
    of everybody by mistake."""
    if not _PREFIX.fullmatch(prefix):
        raise BadName(f"{prefix!r} is not a prefix of an evidence unit")
    return prefix


def check_below(key: str) -> str:
    """The key itself, if it is below the prefix of an evidence unit, whatever its name: every object found at
    erasure must go. Raises BadName."""
    if not _BELOW.fullmatch(key):
        raise BadName(f"{key!r} is not below an evidence unit")
    return key
