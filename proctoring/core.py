"""Parts that every service is handed: the settings, the clock, the ids, the database, the links, the
sealer.
"""

from dataclasses import dataclass

from proctoring.clock import Clock
from proctoring.db import Database
from proctoring.ids import NewId
from proctoring.links import Links
from proctoring.settings.settings import Settings
from storage.seal import Sealer


@dataclass(frozen=True, slots=True)
class Core:
    """Made once in the composition root. Holds no private key: it can seal, never open or destroy."""

    settings: Settings
    clock: Clock
    new_id: NewId
    db: Database
    links: Links
    sealer: Sealer
