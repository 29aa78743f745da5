"""Rules of access. Everything is denied unless a line of RULES allows it.

A rule is role x action x relation; the relation is the person's to the session. A staff member has one role
and may belong to one exam centre later. The candidate and the purge act too, but never through these rules: a
signed link and the retention rules are their ground.
"""

from dataclasses import dataclass
from enum import StrEnum

from proctoring.errors import Denied
from proctoring.text import line

NAME_CHARS_MAX = 80


class Role(StrEnum):
    PROCTOR = "proctor"
    COMMITTEE = "committee"
    PRIVACY_OFFICER = "privacy-officer"
    EXAM_ADMIN = "exam-admin"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class May(StrEnum):
    """What a page or an endpoint asks leave for."""

    SEE_QUEUE = "see-queue"
    VIEW_EVIDENCE = "view-evidence"
    VIEW_IDENTITY = "view-identity"
    CHECK_IDENTITY = "check-identity"
    ANSWER_HELP = "answer-help"
    END_SESSION = "end-session"
    SEE_IN_PERSON = "see-in-person"
    ANSWER_IN_PERSON = "answer-in-person"
    FLAG = "flag"
    DECIDE = "decide"
    CONFIRM_INCIDENT = "confirm-incident"
    SEE_APPEALS = "see-appeals"
    CLOSE_APPEAL = "close-appeal"
    SEE_RETENTION = "see-retention"
    PLACE_HOLD = "place-hold"
    RELEASE_HOLD = "release-hold"
    READ_CERTIFICATE = "read-certificate"
    READ_LEDGER = "read-ledger"


OPENS_EVIDENCE = frozenset({May.VIEW_EVIDENCE, May.VIEW_IDENTITY})
"""What nobody may while the session is restricted."""


class Relation(StrEnum):
    """What the person is to the session in question. Everyone is at least NONE."""

    NONE = "none"
    CLAIMED_BY_OTHER = "claimed-by-other"
    CLAIMANT = "claimant"
    DECIDED_INCIDENT = "decided-incident"
    OPEN_APPEAL = "open-appeal"
    TOOK_PART = "took-part"  # in what is appealed against


_ANY = frozenset(Relation)
_R, _M = Role, May
RULES: dict[tuple[Role, May], frozenset[Relation]] = {
    (_R.PROCTOR, _M.SEE_QUEUE): _ANY,
    (_R.PROCTOR, _M.VIEW_EVIDENCE): _ANY,
    (_R.PROCTOR, _M.VIEW_IDENTITY): frozenset({Relation.CLAIMANT}),
    (_R.PROCTOR, _M.CHECK_IDENTITY): frozenset({Relation.CLAIMANT}),
    (_R.PROCTOR, _M.ANSWER_HELP): _ANY,
    (_R.PROCTOR, _M.END_SESSION): _ANY,
    (_R.PROCTOR, _M.FLAG): frozenset({Relation.CLAIMANT}),
    (_R.PROCTOR, _M.DECIDE): frozenset({Relation.CLAIMANT}),
    (_R.PROCTOR, _M.CONFIRM_INCIDENT): _ANY - {Relation.DECIDED_INCIDENT},
    (_R.PROCTOR, _M.READ_CERTIFICATE): _ANY,
    (_R.COMMITTEE, _M.READ_CERTIFICATE): frozenset({Relation.OPEN_APPEAL}),
    (_R.PRIVACY_OFFICER, _M.READ_CERTIFICATE): _ANY,
    (_R.AUDITOR, _M.READ_CERTIFICATE): _ANY,
    (_R.OPERATOR, _M.READ_CERTIFICATE): _ANY,
    (_R.COMMITTEE, _M.VIEW_EVIDENCE): frozenset({Relation.OPEN_APPEAL}),
    (_R.COMMITTEE, _M.VIEW_IDENTITY): frozenset({Relation.OPEN_APPEAL}),
    (_R.COMMITTEE, _M.SEE_APPEALS): _ANY,
    (_R.COMMITTEE, _M.CLOSE_APPEAL): frozenset({Relation.OPEN_APPEAL}),
    (_R.PRIVACY_OFFICER, _M.SEE_RETENTION): _ANY,
    (_R.PRIVACY_OFFICER, _M.SEE_IN_PERSON): _ANY,
    (_R.EXAM_ADMIN, _M.SEE_IN_PERSON): _ANY,
    (_R.PRIVACY_OFFICER, _M.ANSWER_IN_PERSON): _ANY,
    (_R.EXAM_ADMIN, _M.ANSWER_IN_PERSON): _ANY,
    (_R.PRIVACY_OFFICER, _M.PLACE_HOLD): _ANY,
    (_R.PRIVACY_OFFICER, _M.RELEASE_HOLD): _ANY,
    (_R.PRIVACY_OFFICER, _M.READ_LEDGER): _ANY,
    (_R.AUDITOR, _M.READ_LEDGER): _ANY,
    (_R.AUDITOR, _M.SEE_RETENTION): _ANY,
    (_R.OPERATOR, _M.SEE_RETENTION): _ANY,
}


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in staff member."""

    id: str
    name: str
    role: Role


def may(person: Person, action: May, relation: Relation = Relation.NONE) -> bool:
    """Whether `person`, who is `relation` to the session, may do `action`."""
    return relation in RULES.get((person.role, action), frozenset())


def is_for_all(person: Person, action: May) -> bool:
    """Whether the rule lets every relation pass, so that nobody has to find out which it is."""
    return RULES.get((person.role, action)) == _ANY


def require(person: Person, action: May, relation: Relation = Relation.NONE) -> None:
    """Raises Denied, with what would be needed, unless `may` says yes."""
    if may(person, action, relation):
        return
    if relation is Relation.TOOK_PART:
        raise Denied("You took part in the review of this session.", "Another member answers its appeal.")
    if (person.role, action) in RULES:
        raise Denied(
            f"You may not {action.value.replace('-', ' ')} here.", _REMEDIES.get(action, "Ask a colleague.")
        )
    raise Denied(
        f"Your role ({person.role.value}) may not {action.value.replace('-', ' ')}.",
        "Sign in as someone whose task it is, or ask the exam administrator.",
    )


_REMEDIES = {
    May.VIEW_IDENTITY: "It is seen by who has claimed the session, and by the committee of an open appeal.",
    May.CHECK_IDENTITY: "Claim the session first.",
    May.FLAG: "Claim the session first.",
    May.DECIDE: "Claim the session first.",
    May.CONFIRM_INCIDENT: "The second person must be someone else.",
    May.VIEW_EVIDENCE: "The committee sees a session while its appeal is open.",
    May.CLOSE_APPEAL: "The appeal is closed already.",
}


def check_name(name: str) -> str:
    """A staff member's name as it is kept. Raises Invalid for one that `text.line` refuses."""
    return line(name, "the name", NAME_CHARS_MAX)
