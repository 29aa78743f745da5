"""Statements that a staff page sends to the database: as many for many sessions as for a few."""

from proctoring.access.model import Role
from proctoring.ids import new_id
from tests.support.decided import Decided, decide_everything
from tests.support.statements import counted
from tests.unit.review_ui.conftest import Office

PAGES = {
    Role.PROCTOR: ["/queue", "/queue?state=decided", "/incidents", "/sessions/{agreed}"],
    Role.COMMITTEE: ["/appeals", "/sessions/{disputed}"],
    Role.PRIVACY_OFFICER: ["/retention", "/ledger"],
}

STATEMENTS_MAX = 34  # the session's page, on SQLite with its BEGIN


def test_a_page_asks_as_often_for_many_sessions_as_for_a_few(office: Office) -> None:
    """Queue, session, incidents, appeals, retention and ledger; sessions in every state, and twice as many
    of each at the second look."""
    first = decide_everything(office.world)
    few = asked(office, first)
    decide_everything(office.world, " II")
    many = asked(office, first)
    assert many == few
    assert max(few.values()) <= STATEMENTS_MAX


def asked(office: Office, decided: Decided) -> dict[str, int]:
    """How many statements each page sends."""
    ids = {"agreed": decided.agreed.id, "disputed": decided.disputed.id}
    return {
        page: statements(office, role, page.format(**ids)) for role, pages in PAGES.items() for page in pages
    }


def statements(office: Office, role: Role, address: str) -> int:
    """How many it takes the second time that somebody opens the page: the first may enter a view. None reads
    segments, of which each hour of a session has thousands."""
    staff = office.hire(new_id(), role)
    assert staff.get(address).status_code == 200
    with counted(office.world.core.db) as found:
        assert staff.get(address).status_code == 200
    assert [one for one in found if "segments" in one] == []
    return len(found)
