"""Identity checks, and what candidates asked and were answered."""

from proctoring.custody.model import Action, Entry
from proctoring.help.model import HelpKind
from proctoring.proofs.model import UNTOLD, Told, given

CHECKS, HELP = "identity_checks", "help_requests"


def fold(told: Told, entry: Entry) -> None:
    """What this entry tells of an identity check or a request."""
    at, row = told.at(entry), str(entry.detail.get("help"))
    match entry.action:
        case Action.IDENTITY_CHECK:
            confirmed = int(entry.detail["state"] == "confirmed")
            told.tell(
                entry,
                CHECKS,
                entry.session_id,
                session_id=entry.session_id,
                confirmed=confirmed,
                checked_by=entry.actor,
                checked_at=at,
                reason=UNTOLD,
            )
        case Action.HELP_ASK:
            told.tell(
                entry,
                HELP,
                row,
                session_id=entry.session_id,
                asked_at=at,
                answer=None,
                answered_by=None,
                ended_at=None,
                taken_by=None,
                taken_at=None,
                **given(entry, "kind", flag_id="flag"),
            )
            if entry.number < told.exact_from:
                told.tell(entry, HELP, row, ended_at=UNTOLD)  # being back was not entered then
        case Action.HELP_TAKE:
            told.tell(entry, HELP, row, taken_by=entry.actor, taken_at=at)
        case Action.HELP_ANSWER:
            told.tell(entry, HELP, row, answer=UNTOLD, answered_by=entry.actor)
            if told.value(HELP, row, "kind") == HelpKind.HELP.value:
                told.tell(entry, HELP, row, ended_at=at)
        case Action.HELP_END:
            told.tell(entry, HELP, row, ended_at=at)
