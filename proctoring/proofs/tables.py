"""Every table of the core, so that one import knows the whole schema."""

from proctoring.access import rows as access
from proctoring.appeals import rows as appeals
from proctoring.custody import rows as custody
from proctoring.db import Row
from proctoring.exams import rows as exams
from proctoring.flags import rows as flags
from proctoring.help import rows as help_requests
from proctoring.holds import rows as holds
from proctoring.holds import worker_state
from proctoring.identity import rows as identity
from proctoring.incidents import rows as incidents
from proctoring.proofs import rows as proofs
from proctoring.proofs import stops
from proctoring.quarantine import rows as quarantine
from proctoring.recordings import rows as recordings
from proctoring.records import rows as records
from proctoring.reviews import rows as reviews
from proctoring.sessions import rows as sessions
from proctoring.signals import rows as signals
from proctoring.spools import rows as spools
from proctoring.units import rows as units

MODULES = (
    access,
    appeals,
    custody,
    exams,
    flags,
    help_requests,
    holds,
    identity,
    incidents,
    proofs,
    quarantine,
    recordings,
    records,
    reviews,
    sessions,
    signals,
    spools,
    stops,
    units,
    worker_state,
)
METADATA = Row.metadata
