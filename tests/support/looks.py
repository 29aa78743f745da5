"""Looks in a test: whoever decides has seen what the decision names, as the player would enter it."""

from proctoring.core import Core
from proctoring.custody.model import Actor
from proctoring.custody.views import enter_view
from proctoring.exams.model import Stream
from proctoring.recordings.timeline import timeline


def look(core: Core, actor: Actor, session_id: str, *streams: Stream) -> None:
    """The ledger gets this person's view of each of these streams; of all that were recorded, by default."""
    with core.db.begin() as db:
        for line in timeline(db, session_id).streams:
            if line.segments and (not streams or line.stream in streams):
                enter_view(
                    db,
                    core,
                    actor,
                    session_id,
                    line.unit_id,
                    stream=line.stream.value,
                    position=0,
                    why="review",
                )
