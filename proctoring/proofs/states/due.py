"""Due dates of a session's units as the ledger tells them (rule 1 of `proctoring.holds.model`).

Pure. They follow from entries about the exam and about the session, each list ascending:

    exam      `exam:create` with the regulation, `exam:publish-results`
    session   `session:create`, `:admit`, `:finish`, `:expire`, `identity:check`, `incident:confirm`,
              `incident:annul`

An entry written before the ledger told these figures leaves the date open: NOT_TOLD, which is no fault.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from proctoring.clock import parse_instant
from proctoring.custody.model import Action, Entry
from proctoring.exams.model import CountFrom, Regulation
from proctoring.units.due import due_at, identity_due_at

ZONE_CHANGE_MAX = timedelta(hours=2)
"""How far a zone's midnight may move when its rules are changed by law between two computations."""
ENDS = (Action.SESSION_FINISH, Action.SESSION_EXPIRE)


@dataclass(frozen=True, slots=True)
class ToldDue:
    """`footage`: of every unit but the identity copy. None where the ledger does not tell it (older than its
    due dates)."""

    footage: datetime | None = None
    identity: datetime | None = None

    def of(self, kind: str) -> datetime | None:
        """The due date of a unit of this kind."""
        return self.identity if kind == "identity" else self.footage


NOT_TOLD = ToldDue()


def told_due(exam: Sequence[Entry], session: Sequence[Entry]) -> ToldDue:
    """As of the last of these entries: for a unit erased at entry N, give those before N alone."""
    regulation = told_regulation(exam)
    end = _last(session, ENDS)
    if regulation is None:
        return NOT_TOLD
    if end is None:  # results that come while a session is under way count at its end
        admitted = _last(session, (Action.SESSION_ADMIT,))
        known = [entry for entry in exam if admitted is None or entry.number < admitted.number]
        closes_at = _instant(_last(session, (Action.SESSION_CREATE,)), "closes_at")
        due = closes_at and due_at(regulation, closes_at, _published_at(known))
        return ToldDue(due, due)
    ended_at = _instant(end, "ended_at")
    if ended_at is None:
        return NOT_TOLD
    due = due_at(regulation, ended_at, _published_at(exam), _notified_at(session))
    return ToldDue(due, _identity_due(due, _last(session, (Action.IDENTITY_CHECK,)), regulation.zone))


def told_regulation(exam: Iterable[Entry]) -> Regulation | None:
    """The regulation that the exam was set up with; None where the ledger does not tell all of it."""
    created = _last(exam, (Action.EXAM_CREATE,))
    figures = created.detail if created is not None else {}
    if not {"objection_days", "count_from", "zone", "max_days"} <= figures.keys():
        return None
    return Regulation(
        int(figures["objection_days"] or 0),
        CountFrom(str(figures["count_from"])),
        str(figures["zone"]),
        int(figures["max_days"] or 0),
    )


def same_due(told: datetime, row: datetime) -> bool:
    """Whether a row's due date is the told one, but for a change of its zone's rules. Whoever destroys waits
    for the later of the two."""
    return abs(told - row) <= ZONE_CHANGE_MAX


def _identity_due(due: datetime, check: Entry | None, zone: str) -> datetime | None:
    if check is None or check.detail.get("state") != "confirmed":
        return due
    checked_at = _instant(check, "checked_at")
    return None if checked_at is None else identity_due_at(due, checked_at, zone)


def _published_at(exam: Iterable[Entry]) -> datetime | None:
    return _instant(_last(exam, (Action.EXAM_PUBLISH_RESULTS,)), "at")


def _notified_at(session: Iterable[Entry]) -> datetime | None:
    """When the candidate learned of the newest incident that counts. An older entry does not tell it; then
    its row has none."""
    told: dict[object, datetime | None] = {}
    for entry in session:
        if entry.action is Action.INCIDENT_CONFIRM:
            told[entry.detail.get("incident")] = _instant(entry, "notified_at")
        elif entry.action is Action.INCIDENT_ANNUL:
            told.pop(entry.detail.get("incident"), None)
    return max((instant for instant in told.values() if instant is not None), default=None)


def _last(entries: Iterable[Entry], actions: tuple[Action, ...]) -> Entry | None:
    found = None
    for entry in entries:
        found = entry if entry.action in actions else found
    return found


def _instant(entry: Entry | None, name: str) -> datetime | None:
    text = entry.detail.get(name) if entry is not None else None
    return parse_instant(str(text)) if text is not None else None
