"""The alarm for a unit key that is not the right one, whatever was to be sealed to it."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from capture.unavailable import available
from proctoring.core import Core
from proctoring.recordings.refusals import tell
from proctoring.units.keys import KeyRefused

log = structlog.get_logger()


@contextmanager
def telling(core: Core) -> Iterator[None]:
    """Lets KeyRefused pass once log, ledger and time line tell of it. Raises Unavailable in its place while
    they cannot: the publisher's next try tells it then."""
    try:
        yield
    except KeyRefused as refused:
        log.error("unit.key-refused", unit=refused.unit.unit, key=refused.unit.digest())
        with available(), core.db.begin() as db:
            tell(db, core, refused.unit)
        raise
