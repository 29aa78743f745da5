"""A quarantine: an older database was put back, and until it is whole again nothing is served."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Head:
    """A tree's newest copied state. `note` is its signed note, empty for one that a declaration names."""

    size: int
    root: bytes
    note: str = ""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why nothing is served. `kept`: how many ledger entries both histories surely share; `lost`: how many
    the copy knows of; `roots`: of both, in hex."""

    id: str
    begun_at: datetime
    kept: int
    kept_root: str
    lost: int
    lost_root: str
