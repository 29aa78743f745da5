"""The reviewers' work list: oldest due first, filters in the URL, claim, bulk "no concern"."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.orm import Session as Db

from proctoring.access.model import May, Person
from proctoring.casework import claims
from proctoring.casework.glances import Glance, glances
from proctoring.casework.lines import Line, lines
from proctoring.casework.queue import Asked, Claimed, count_mine, due_soon, queue, soonest
from proctoring.errors import Invalid
from proctoring.flags.model import Flag, FlagSource, FlagState
from proctoring.reviews import service as reviews
from proctoring.reviews.model import UNDECIDED, ReviewState, is_decidable, may_claim
from proctoring.sessions.model import SessionState
from proctoring.spools import service as spools
from proctoring.summaries import service as summaries
from proctoring.summaries.model import Stage
from review_ui.due import Due, due, due_of
from review_ui.permit import Permit, needs
from review_ui.staff_pages import StaffPages, back_to

SOON_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the queue, ready to be drawn; `selectable` may be among those decided at once. Places are
    percentages of the session's length."""

    line: Line
    glance: Glance
    due: Due
    mine: bool
    selectable: bool
    recording: bool
    kinds: tuple[tuple[FlagSource, int], ...]
    marks: tuple[tuple[Flag, float], ...]
    holes: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """One chip above the table: its address switches it on or off. `count`: what it leaves by itself."""

    name: str
    count: int
    href: str
    on: bool


def routes(staff: StaffPages) -> APIRouter:
    """`/queue` and what is sent from it."""
    router = APIRouter()

    @router.get("/queue")
    def show(
        request: Request,
        by: Annotated[Permit, needs(staff, May.SEE_QUEUE)],
        state: str = "",
        flags: str = "",
        claim: str = "",
        after: str = "",
    ) -> Response:
        asked = {"state": state, "flags": flags, "claim": claim}
        now = staff.now()
        with staff.core.db.read() as db:
            found, first = queue(db, asked_of(by.person, asked), after), soonest(db, now, SOON_SHOWN)
            told = {one.session.id: one for one in lines(db, {*found.rows, *first}, now)}
            drawn = glances(db, [row.session_id for row in found.rows], now)
            counts, mine = summaries.counts(db), count_mine(db, by.person.id)
            chips = filters(counts, mine, asked)
            on = [chip.count for chip in chips if chip.on]
            return staff.page(
                request,
                "queue.html",
                by.person,
                db,
                rows=[as_row(told[one], drawn[one], by.person, now) for one in drawn],
                total=counts["undecided"] if not on else on[0] if len(on) == 1 else None,
                filters=chips,
                troubles=spools.troubles(db, staff.core)[:1],
                counts=counts,
                mine=mine,
                soon=count_soon(db, now),
                hurry=[told[row.session_id] for row in first if due_of(told[row.session_id], now).soon],
                next_page=f"?{urlencode(kept(asked) | {'after': found.after})}" if found.after else None,
            )

    @router.post("/queue/no-concern")
    def no_concern(
        by: Annotated[Permit, needs(staff, May.SEE_QUEUE)],
        session: Annotated[list[str], Form(default_factory=list)],
    ) -> Response:
        if not session:
            raise Invalid("No session was selected.", "Go back and tick at least one.")
        with by.begin() as db:
            for session_id in session:
                claims.claim(db, staff.core, by.actor, session_id)
                reviews.decide_no_concern(db, staff.core, by.actor, session_id)
        return back_to("/queue")

    return router


def asked_of(person: Person, asked: dict[str, str]) -> Asked:
    """What an address asks for; without a state, sessions that nobody has decided."""
    stage = asked["state"] if asked["state"] in set(Stage) else Stage.UNDECIDED
    claimed = asked["claim"] if asked["claim"] in set(Claimed) else Claimed.ANY
    return Asked(person.id, Stage(stage), asked["flags"] == "open", Claimed(claimed))


def count_soon(db: Db, now: datetime) -> int:
    """How many sessions go within a week though nobody has decided them."""
    return sum(n for zone, at, n in due_soon(db, now) if due(at, now, now, zone, held=False).soon)


def as_row(line: Line, glance: Glance, person: Person, now: datetime) -> Row:
    """The line with its figures for drawing."""
    length = max(1, glance.length_ms)
    still_open = [flag for flag in glance.flags if flag.state is FlagState.OPEN]
    counts = [(source, sum(flag.source is source for flag in still_open)) for source in FlagSource]
    return Row(
        line,
        glance,
        due_of(line, now),
        line.review.state is ReviewState.IN_REVIEW and line.review.claimed_by == person.id,
        _is_selectable(line, person),
        line.session.state is SessionState.RECORDING,
        tuple((source, count) for source, count in counts if count),
        tuple((flag, 100 * flag.start_ms / length) for flag in glance.flags),
        tuple(
            (100 * start / length, max(0.6, 100 * (end - start) / length))
            for start, end in glance.gaps
            if end > start
        ),
    )


def _is_selectable(line: Line, person: Person) -> bool:
    """Whether nobody has decided, and this person may claim it and decide now."""
    claimable = line.review.state in UNDECIDED and may_claim(line.review, person.id, settled=False)
    return claimable and is_decidable(line.session.state, line.open_flags)


def filters(counts: Counter[str], mine: int, asked: dict[str, str]) -> list[Filter]:
    """The chips."""
    chips = [
        ("With open flags", "flags", "open", counts["flagged"]),
        ("Free", "claim", "free", counts["free"]),
        ("Mine", "claim", "me", mine),
        ("With a second person", "state", "second", counts["second"]),
        ("Decided", "state", "decided", counts["decided"]),
    ]
    found = []
    for name, key, value, count in chips:
        on = asked[key] == value
        href = urlencode(kept(asked | {key: "" if on else value}))
        found.append(Filter(name, count, f"/queue?{href}" if href else "/queue", on))
    return found


def kept(asked: dict[str, str]) -> dict[str, str]:
    """Only what is asked for, so that addresses stay short."""
    return {key: value for key, value in asked.items() if value}
