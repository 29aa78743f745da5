"""Statements that a staff page sends to the database: as many for many sessions as for a few; and for them
no more is read."""

import pytest

from proctoring import paging
from proctoring.access.model import Role
from proctoring.ids import new_id
from proctoring.proofs.job import LedgerReplay
from proctoring.sessions import service as sessions
from tests.bench.scale.fill import fill
from tests.support.decided import Decided, decide_everything
from tests.support.statements import counted, read_by, sent
from tests.unit.review_ui.conftest import Office

PAGES = {
    Role.PROCTOR: ["/queue", "/queue?state=decided", "/incidents", "/sessions/{agreed}"],
    Role.COMMITTEE: ["/appeals", "/sessions/{disputed}"],
    Role.PRIVACY_OFFICER: ["/retention", "/ledger"],
}

STATEMENTS_MAX = 25  # the session's page, on SQLite with its BEGIN
FULL, FULLER = 500, 1000  # sessions: of each kind more than a page shows
READ_MORE_MAX = 1.1


def test_a_page_asks_as_often_for_many_sessions_as_for_a_few(office: Office) -> None:
    """Queue, session, incidents, appeals, retention and ledger; sessions in every state, and twice as many
    of each at the second look."""
    first = decide_everything(office.world)
    LedgerReplay(office.world.core, office.world.signer).run()
    decide_everything(office.world, " II")  # so late that the first one's evidence is erased
    few = asked(office, first)
    decide_everything(office.world, " III")
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


def test_nothing_on_a_page_s_way_grows_with_the_number_of_sessions(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With twice as many sessions of every kind the database reads no more for a page that was full."""
    monkeypatch.setattr(paging, "COUNTED_MAX", paging.PAGE_SIZE)
    world = office.world
    if world.core.db.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL reads small tables as it likes; make bench-scale prints its plans")
    decided = decide_everything(world)
    waiting = world.session()
    with world.core.db.begin() as db:
        sessions.ask_in_person(db, world.core, waiting.id, "I have no camera.")
    kinds = [decided.agreed.id, decided.disputed.id, decided.annulled.id, world.ended().id, waiting.id]
    read: list[dict[str, int]] = []
    for done, copies in ((0, FULL), (FULL, FULLER)):
        with world.core.db.engine.connect() as connection:
            fill(connection, kinds, copies, done)
        read.append(read_for(office, decided))
    few, many = read
    assert {page: (few[page], many[page]) for page in many if many[page] > READ_MORE_MAX * few[page]} == {}


def read_for(office: Office, decided: Decided) -> dict[str, int]:
    """What the database reads for each page, the second time that somebody opens it."""
    found = {}
    for role, pages in PAGES.items():
        staff = office.hire(new_id(), role)
        for page in pages:
            address = page.format(agreed=decided.agreed.id, disputed=decided.disputed.id)
            assert staff.get(address).status_code == 200
            with sent(office.world.core.db) as statements:
                assert staff.get(address).status_code == 200
            found[page] = read_by(office.world.core.db, statements)
    return found
