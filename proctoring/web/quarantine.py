"""The gate before every page: while the database is not whole, nothing of it is served."""

from collections.abc import Callable

from proctoring.core import Core
from proctoring.quarantine.service import check_none


def whole_database(core: Core) -> Callable[[], None]:
    """A dependency for a router. Raises Quarantined, which leaves as a 503 in words."""

    def gate() -> None:
        with core.db.read() as db:
            check_none(db)

    return gate
