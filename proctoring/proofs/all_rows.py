"""Compares all rows with the whole ledger, for `proctoring ledger verify`: from the start, without trusting
an earlier result.
"""

from collections.abc import Iterator

from sqlalchemy.orm import Session as Db

from proctoring.custody.model import Action
from proctoring.custody.rows import EntryRow
from proctoring.proofs.check import check_sessions, read_house
from proctoring.proofs.compare import Compared
from proctoring.proofs.followed import See, unseen
from proctoring.proofs.model import Disagreement
from proctoring.proofs.read import Unreadable, read_entries, session_ids

SESSIONS_AT_ONCE = 100


def compare_all_rows(db: Db, see: See = unseen) -> Compared:
    """Every column that is not as the ledger tells, and how many it does not tell of. `see` gets every
    unit, so that its leaves are read once. Memory: of SESSIONS_AT_ONCE sessions."""
    house = read_house(db)
    found = house.check(db)
    found.faults += _no_acts(db)
    for some in all_sessions(db):
        for one in check_sessions(db, house, some, see=see):
            found.faults += one.compared.faults
            found.untold += one.compared.untold
    return found


def _no_acts(db: Db) -> Iterator[Disagreement]:
    """Entries about no session whose act is none of ours: those who ask by act do not find them."""
    unknown = EntryRow.action.not_in([action.value for action in Action])
    for one in read_entries(db, unknown & EntryRow.session_id.is_(None)):
        if isinstance(one, Unreadable):
            yield one.fault()


def all_sessions(db: Db) -> Iterator[list[str]]:
    """The ids of all sessions, SESSIONS_AT_ONCE at a time."""
    some = session_ids(db, "", SESSIONS_AT_ONCE)
    while some:
        yield some
        some = session_ids(db, some[-1], SESSIONS_AT_ONCE)
