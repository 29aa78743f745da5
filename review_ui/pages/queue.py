"""The reviewers' work list: oldest due first, filters in the URL, claim, bulk "no concern"."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response

from proctoring.access.model import May, Person
from proctoring.casework import claims
from proctoring.casework.queue import NOT_REVIEWED, QueueLine, queue
from proctoring.errors import Invalid
from proctoring.flags.model import Flag, FlagSource
from proctoring.reviews import service as reviews
from proctoring.reviews.model import ReviewState, is_decidable, may_claim
from proctoring.sessions.model import SessionState
from proctoring.spools import service as spools
from review_ui.due import Due, due
from review_ui.permit import Permit, needs
from review_ui.staff_pages import StaffPages, back_to

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the queue, ready to be drawn; `selectable` may be among those decided at once. Places are
    percentages of the session's length."""

    line: QueueLine
    due: Due
    mine: bool
    selectable: bool
    recording: bool
    kinds: tuple[tuple[FlagSource, int], ...]
    marks: tuple[tuple[Flag, float], ...]
    holes: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """One chip above the table: its address switches it on or off."""

    name: str
    count: int
    href: str
    on: bool


def routes(desk: StaffPages) -> APIRouter:
    """`/queue` and what is sent from it."""
    router = APIRouter()

    @router.get("/queue")
    def show(
        request: Request,
        by: Annotated[Permit, needs(desk, May.SEE_QUEUE)],
        state: str = "",
        flags: str = "",
        claim: str = "",
        page: int = 1,
    ) -> Response:
        asked = {"state": state, "flags": flags, "claim": claim}
        with desk.core.db.read() as db:
            every = [as_row(line, by.person, desk.now()) for line in open_to_all(queue(db, now=desk.now()))]
            undecided = [row for row in every if row.line.review.state in NOT_REVIEWED]
            shown = [row for row in every if matches(row, asked)]
            start = (max(1, page) - 1) * PAGE_SIZE
            return desk.page(
                request,
                "queue.html",
                by.person,
                db,
                rows=shown[start : start + PAGE_SIZE],
                total=len(shown),
                filters=filters(every, asked),
                troubles=spools.troubles(db, desk.core)[:1],
                undecided=undecided,
                left=sum(len(row.line.open_flags) for row in undecided),
                mine=sum(row.mine for row in undecided),
                soon=[row for row in undecided if row.due.soon and not row.recording],
                next_page=f"?{urlencode(kept(asked) | {'page': page + 1})}"
                if start + PAGE_SIZE < len(shown)
                else None,
            )

    @router.post("/queue/no-concern")
    def no_concern(
        by: Annotated[Permit, needs(desk, May.SEE_QUEUE)],
        session: Annotated[list[str], Form(default_factory=list)],
    ) -> Response:
        if not session:
            raise Invalid("No session was selected.", "Go back and tick at least one.")
        with by.begin() as db:
            for session_id in session:
                claims.claim(db, desk.core, by.actor, session_id)
                reviews.decide_no_concern(db, desk.core, by.actor, session_id)
        return back_to("/queue")

    return router


def open_to_all(lines: list[QueueLine]) -> list[QueueLine]:
    """Without those that are restricted: nothing of them is shown to reviewers."""
    return [line for line in lines if not line.restricted]


def as_row(line: QueueLine, person: Person, now: datetime) -> Row:
    """The line with its figures for drawing."""
    length = max(1, line.length_ms)
    began = line.session.started_at or line.session.created_at
    counts = [(source, sum(f.source is source for f in line.open_flags)) for source in FlagSource]
    return Row(
        line,
        due(line.due_at, began, now, line.zone, line.held),
        line.review.state is ReviewState.IN_REVIEW and line.review.claimed_by == person.id,
        _is_selectable(line, person),
        line.session.state is SessionState.RECORDING,
        tuple((source, count) for source, count in counts if count),
        tuple((flag, 100 * flag.start_ms / length) for flag in line.flags),
        tuple(
            (100 * start / length, max(0.6, 100 * (end - start) / length))
            for start, end in line.gaps
            if end > start
        ),
    )


def _is_selectable(line: QueueLine, person: Person) -> bool:
    """Whether nobody has decided, and this person may claim it and decide now."""
    claimable = line.review.state in NOT_REVIEWED and may_claim(line.review, person.id, settled=False)
    return claimable and is_decidable(line.session.state, len(line.open_flags))


def matches(row: Row, asked: dict[str, str]) -> bool:
    """Whether the row is among those asked for; without a state, those that nobody has decided."""
    state = row.line.review.state
    wanted = {
        "second": (ReviewState.SECOND_PERSON,),
        "decided": (ReviewState.NO_CONCERN, ReviewState.INCIDENT, ReviewState.ANNULLED),
    }
    if state not in wanted.get(asked["state"], NOT_REVIEWED):
        return False
    if asked["flags"] == "open" and not row.line.open_flags:
        return False
    if asked["claim"] == "free":
        return state is ReviewState.TO_REVIEW
    return asked["claim"] != "me" or row.mine


def filters(rows: list[Row], asked: dict[str, str]) -> list[Filter]:
    """The chips, each with how many sessions it would leave by itself."""
    chips = [
        ("With open flags", "flags", "open"),
        ("Free", "claim", "free"),
        ("Mine", "claim", "me"),
        ("With a second person", "state", "second"),
        ("Decided", "state", "decided"),
    ]
    nothing = {"state": "", "flags": "", "claim": ""}
    found = []
    for name, key, value in chips:
        on = asked[key] == value
        href = urlencode(kept(asked | {key: "" if on else value}))
        count = sum(matches(row, nothing | {key: value}) for row in rows)
        found.append(Filter(name, count, f"/queue?{href}" if href else "/queue", on))
    return found


def kept(asked: dict[str, str]) -> dict[str, str]:
    """Only what is asked for, so that addresses stay short."""
    return {key: value for key, value in asked.items() if value}
