"""A notice that is shown again: told by the ledger, and not without end."""

from proctoring.custody.model import Action
from proctoring.custody.service import count_entries
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.sessions import service as sessions
from proctoring.sessions.rows import SessionRow
from tests.support.world import World


def test_a_notice_in_another_language_is_entered_up_to_a_bound(world: World) -> None:
    """One that says the same is no news. After the bound the session keeps the last one that was entered."""
    session = world.admitted()
    languages = ["fr", "fr", *(("de", "en")[turn % 2] for turn in range(40))]
    for language in languages:
        with world.core.db.begin() as db:
            sessions.admit(
                db, world.core, session.id, "v1", notice_text=f"notice in {language}", language=language
            )
    with world.core.db.read() as db:
        assert count_entries(db, session.id, Action.SESSION_NOTICE) == sessions.NOTICES_MAX
        row = db.get_one(SessionRow, session.id)
        assert (row.language, row.notice_text) == ("de", "notice in de")
        assert compare_all_rows(db).faults == []
