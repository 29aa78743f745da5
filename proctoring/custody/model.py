"""The custody ledger's closed vocabulary and the arithmetic of its chain.

Entries are numbered from 1 without a hole. Each carries the hash of the previous one, so anyone who reads the
ledger from the start finds a removed, altered or reordered entry. Entries hold random ids and roles, never a
name.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from proctoring.clock import iso
from storage.canonical import canonical

GENESIS = "0" * 64


class Action(StrEnum):
    """Everything that can be done to evidence or decide its fate: `subject:action`."""

    EXAM_CREATE = "exam:create"
    EXAM_PUBLISH_RESULTS = "exam:publish-results"
    SESSION_CREATE = "session:create"
    SESSION_ADMIT = "session:admit"
    SESSION_NOTICE = "session:notice"
    SESSION_BEGIN = "session:begin"
    SESSION_FINISH = "session:finish"
    SESSION_EXPIRE = "session:expire"
    SESSION_IN_PERSON = "session:in-person"
    SESSION_IN_PERSON_ANSWER = "session:in-person-answer"
    HELP_ASK = "help:ask"
    HELP_TAKE = "help:take"
    HELP_ANSWER = "help:answer"
    HELP_END = "help:end"
    TAKE_BEGIN = "take:begin"
    TAKE_END = "take:end"
    GAP_RECORD = "gap:record"
    EVIDENCE_RETAIN = "evidence:retain"
    TAKE_REFUSE = "take:refuse"
    EVIDENCE_VIEW = "evidence:view"
    EVIDENCE_EXPORT = "evidence:export"
    FLAG_ADD = "flag:add"
    FLAG_DECIDE = "flag:decide"
    FLAG_LENGTHEN = "flag:lengthen"
    IDENTITY_CHECK = "identity:check"
    REVIEW_CLAIM = "review:claim"
    REVIEW_RELEASE = "review:release"
    REVIEW_DECIDE = "review:decide"
    INCIDENT_DECIDE = "incident:decide"
    INCIDENT_CONFIRM = "incident:confirm"
    INCIDENT_DISSENT = "incident:dissent"
    INCIDENT_REJECT = "incident:reject"
    INCIDENT_CLOSE = "incident:close"
    INCIDENT_ANNUL = "incident:annul"
    INCIDENT_AMEND = "incident:amend"
    APPEAL_LODGE = "appeal:lodge"
    APPEAL_CLOSE = "appeal:close"
    HOLD_PLACE = "hold:place"
    HOLD_RELEASE = "hold:release"
    EVIDENCE_ERASE = "evidence:erase"
    EVIDENCE_ERASED = "evidence:erased"
    WORDS_ERASE = "words:erase"
    RECORD_MAKE = "record:make"
    RECORD_ERASE = "record:erase"
    KEY_ADOPT = "key:adopt"
    ERASURE_STOP = "erasure:stop"
    ERASURE_RESUME = "erasure:resume"
    KEY_RESEAL = "key:reseal"
    KEY_DESTROY = "key:destroy"
    BRAKE_PULL = "brake:pull"
    BRAKE_RELEASE = "brake:release"
    CLOCK_MARK = "clock:mark"
    AUDIT_FINDING = "audit:finding"
    ORPHANS_REMOVE = "orphans:remove"
    QUARANTINE_BEGIN = "quarantine:begin"
    LEDGER_RESTORED = "ledger:restored"
    USER_ADD = "user:add"
    USER_LINK = "user:link"
    LOGIN_BEGIN = "login:begin"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a staff member's id, `candidate`, `system`, or `cli:<account>`; and in which role."""

    id: str
    role: str


SYSTEM = Actor("system", "system")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. `detail` holds ids, figures and closed words only."""

    number: int
    at: datetime
    actor: str
    role: str
    action: Action
    session_id: str | None
    unit_id: str | None
    detail: dict[str, str | int | None]
    prev: str
    hash: str

    def body(self) -> dict[str, Any]:
        """What is hashed: everything but the entry's own hash."""
        actor = Actor(self.actor, self.role)
        return entry_body(
            number=self.number,
            at=self.at,
            actor=actor,
            action=self.action,
            session_id=self.session_id,
            unit_id=self.unit_id,
            detail=self.detail,
            prev=self.prev,
        )


def entry_body(
    *,
    number: int,
    at: datetime,
    actor: Actor,
    action: Action,
    session_id: str | None,
    unit_id: str | None,
    detail: dict[str, str | int | None],
    prev: str,
) -> dict[str, Any]:
    """An entry without its own hash, by the names of `docs/formats/custody.md`."""
    return {
        "v": 1,
        "number": number,
        "at": iso(at),
        "actor": actor.id,
        "role": actor.role,
        "action": action.value,
        "session": session_id,
        "unit": unit_id,
        "detail": detail,
        "prev": prev,
    }


def entry_hash(body: dict[str, Any]) -> str:
    """SHA-256 (hex) over the canonical JSON (RFC 8785) of the entry without its own hash."""
    return hashlib.sha256(canonical(body)).hexdigest()


def broken_among(entries: list[Entry], every: bool) -> int | None:
    """The lowest number, among these entries, of one that was altered or does not follow from the previous
    one. None when all agree.

    `entries`: in descending order. `every`: there is no other entry between them.
    """
    altered = [one.number for one in entries if one.hash != entry_hash(one.body())]
    cut = [
        later.number
        for later, one in pairwise(entries)
        if (every or later.number == one.number + 1)
        and (later.number, later.prev) != (one.number + 1, one.hash)
    ]
    return min(altered + cut, default=None)


def first_break(entries: list[Entry]) -> int | None:
    """The number of the first entry that does not follow from the one before it, or None.

    `entries` is the whole ledger in ascending order.
    """
    prev = GENESIS
    for expected, entry in enumerate(entries, start=1):
        if (entry.number, entry.prev, entry.hash) != (expected, prev, entry_hash(entry.body())):
            return expected
        prev = entry.hash
    return None
