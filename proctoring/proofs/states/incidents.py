"""Incidents with the flags that show them, and appeals."""

from proctoring.appeals.model import AppealState
from proctoring.custody.model import Action, Entry
from proctoring.incidents.model import IncidentState
from proctoring.proofs.model import UNTOLD, Told, given

TABLE, LINKS, APPEALS = "incidents", "incident_flags", "appeals"
_ANSWERS = {
    Action.INCIDENT_CONFIRM: IncidentState.CONFIRMED,
    Action.INCIDENT_REJECT: IncidentState.REJECTED,
}


def awaits_third(told: Told, incident: str) -> bool:
    """Whether a second person has said no by the entries so far."""
    return told.value(TABLE, incident, "state") == IncidentState.AWAITING_THIRD.value


def fold(told: Told, entry: Entry) -> None:
    """What this entry tells of an incident or an appeal."""
    row, at = str(entry.detail.get("incident") or entry.detail.get("appeal")), told.at(entry)
    match entry.action:
        case Action.INCIDENT_DECIDE:
            told.tell(
                entry,
                TABLE,
                row,
                session_id=entry.session_id,
                state=IncidentState.AWAITING_SECOND.value,
                decided_by=entry.actor,
                decided_at=at,
                second_by=None,
                second_at=None,
                notified_at=None,
                second_reasons=None,
                third_by=None,
                third_at=None,
                third_reasons=None,
                **given(entry, "category", hold_id="hold"),
            )
            if "flags" in entry.detail:
                for flag in str(entry.detail["flags"]).split():
                    told.tell(entry, LINKS, f"{row}+{flag}", incident_id=row, flag_id=flag)
                told.complete.add((LINKS, row))
        case Action.INCIDENT_DISSENT:
            state = IncidentState.AWAITING_THIRD.value
            second = {"second_by": entry.actor, "second_at": at, "second_reasons": UNTOLD}
            told.tell(entry, TABLE, row, state=state, **second)
        case Action.INCIDENT_CONFIRM | Action.INCIDENT_REJECT:
            answered: dict[str, object] = {"third_by": entry.actor, "third_at": at}
            if not awaits_third(told, row):  # an older service rejected after the second person
                answered = {"second_by": entry.actor, "second_at": at}
            elif entry.action is Action.INCIDENT_REJECT:
                answered["third_reasons"] = UNTOLD
            told.tell(entry, TABLE, row, state=_ANSWERS[entry.action].value, **answered)
            if "notified_at" in entry.detail:  # an older service told nobody from when a decision counts
                told.tell(entry, TABLE, row, **given(entry, "notified_at"))
        case Action.INCIDENT_CLOSE:
            told.tell(entry, TABLE, row, state=IncidentState.CLOSED.value)
        case Action.INCIDENT_ANNUL:
            told.tell(entry, TABLE, row, state=IncidentState.ANNULLED.value)
        case Action.INCIDENT_AMEND:
            told.tell(entry, TABLE, row, **given(entry, "category"))
        case Action.APPEAL_LODGE:
            told.tell(
                entry,
                APPEALS,
                row,
                session_id=entry.session_id,
                state=AppealState.LODGED.value,
                lodged_at=at,
                outcome=None,
                answer=None,
                closed_by=None,
                closed_at=None,
                incident_id=entry.detail.get("decision"),
                **given(entry, hold_id="hold"),
            )
        case Action.APPEAL_CLOSE:
            closed = {"closed_by": entry.actor, "closed_at": at, **given(entry, "outcome")}
            told.tell(entry, APPEALS, row, state=AppealState.CLOSED.value, **closed)
            told.rows[(APPEALS, row)].pop("answer", None)
