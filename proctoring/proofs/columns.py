"""Cover of every column of every table: the proof that finds an edit of it, or why it proves nothing.

`docs/formats/proofs.md` is this table. A test compares both with the schema: a new column needs a line.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class How(StrEnum):
    """By what an edit of a column is found."""

    TOLD = "told"  # by the ledger, in clear
    COMMITTED = "committed"  # the ledger holds a salted commitment
    LEAVES = "leaves"  # follows from the unit's manifest, whose heads are signed
    SEALED = "sealed"  # authenticated encryption opens it in its own place only
    SIGNED = "signed"  # carries a signature, or a proof that is checked by itself
    CHAIN = "chain"  # part of the ledger's own chain
    NONE = "none"  # no evidence


COMPARED = frozenset({How.TOLD, How.COMMITTED})
"""What the replay compares with facts."""


@dataclass(frozen=True, slots=True)
class Cover:
    """`by`: the entries that tell it, or the reason why nothing does."""

    how: How
    by: str


Covers = dict[str, Cover]


def _told(by: str, *columns: str) -> Covers:
    return _other(How.TOLD, by, *columns)


def _committed(by: str, *columns: str) -> Covers:
    return _other(How.COMMITTED, by, *columns)


def _none(why: str, *columns: str) -> Covers:
    return _other(How.NONE, why, *columns)


def _other(how: How, by: str, *columns: str) -> Covers:
    return {column: Cover(how, by) for column in columns}


_SALTS = _none("a wrong salt opens no commitment: the words that it is of are then named", "salts")
_SIGN_IN = "sign-in: whoever holds the token is asked for it, and the ledger tells of the login"
_MEMORY = "memory of a worker: what it decided is in the ledger"
_SUMMED = "derived from the rows of the session; a job and `ledger verify` compare it with them"
_COUNTED = "derived from the summaries of the exam's sessions; compared as they are"
_KEY = "whether there is one; what it is, its seal proves"
_CHAINED = "its hash, the next entry's `prev`, checkpoints"
_AGAIN = "found again by the next round; audit:finding tells it"
_STOPPED = "found again by the next pass; erasure:stop and erasure:resume tell it"
_BY_JOB = "by the job; what is not signed is read anew"
_KEPT = "kept of takes that are gone, whose end the ledger tells"
_OF_NOW = "how a capture process fares now: it says so again within 15 s"
_SHEET = "derived from the recording; opens in its own place only, else it is not shown"
_DUE = (
    "exam:create, exam:publish-results, session:finish, session:expire, identity:check, incident:confirm, "
    "incident:annul"
)

COLUMNS: dict[str, dict[str, Cover]] = {
    "sessions": {
        **_told("session:create", "id", "exam_id", "created_at"),
        **_told("session:create", "closes_at"),
        **_committed("session:create", "ref", "starts_at", "minutes", "extra_minutes"),
        **_told("session:*", "state"),
        **_told("session:create, session:admit, session:notice", "language", "notice_version"),
        **_committed("session:admit, session:notice", "notice_text"),
        **_told("session:begin", "started_at"),
        **_told("session:finish, session:expire", "ended_at"),
        **_none(_KEPT, "length_ms"),
        **_told("session:in-person", "in_person_asked_at"),
        **_committed("session:in-person", "in_person_wish"),
        **_told("session:in-person-answer", "in_person_sits_at", "in_person_answered_at"),
        **_told("session:in-person-answer", "in_person_answered_by"),
        **_committed("session:in-person-answer", "in_person_answer"),
        **_none("a phone's camera was on just now; nothing follows from it later", "phone_ready_at"),
        **_SALTS,
    },
    "evidence_units": {
        **_told("session:admit", "id", "session_id", "kind"),
        **_told("session:admit, evidence:retain, evidence:erase, evidence:erased", "state"),
        **_told(f"session:admit, evidence:erase: {_KEY}", "sealed_private_key"),
        **_told("hold:place, hold:release", "active_holds"),
        **_told(_DUE, "due_at"),
        **_told("evidence:retain, and from leaves before", "manifest_size", "manifest_head"),
        **_told("evidence:erase", "erase_id", "erasing_at"),
        **_told("evidence:erased", "erased_at"),
        **_told("session:admit, key:adopt: its hash", "public_key"),
        **_none("capture checks it before it seals anything, and refuses what it does not cover", "key_tag"),
        **_other(How.SEALED, "the unit's key opens under the name of its own epoch only", "kek_epoch"),
        **_none(f"{_MEMORY} (orphans:remove)", "swept_at"),
        **_none("the replay's round marks who has no signed head", "unsigned"),
        **_none(_KEPT, "recorded_ms"),
        **_none("until when a page is waited for; evidence:retain tells the end", "late_until"),
    },
    "takes": {
        **_told("take:begin", "id", "unit_id", "session_id", "stream", "number", "media_type", "late"),
        **_told("take:begin", "started_at"),
        **_told("take:end", "ended_at", "end_cause"),
        **_told("take:begin, and its leaves", "start_ms", "end_ms", "last_seq"),
        **_told("take:begin: its hash; evidence:erase", "sealed_key"),
        **_none("which process has the take: it says so again at its start", "spool_id"),
        **_none("that a process lives", "heard_at"),
    },
    "segments": {
        **_other(How.LEAVES, "its leaf", "unit_id", "position", "take", "seq", "ct_sha256"),
        **_other(How.LEAVES, "its leaf", "ct_len", "start_ms", "duration_ms", "received_at"),
        **_other(How.LEAVES, "its leaf, the next one's `prev`, take:end, checkpoints", "leaf_hash"),
    },
    "gaps": {
        **_told("gap:record, when the unit is retained", "id", "unit_id", "start_ms", "end_ms", "reason"),
        **_told("gap:record, when the unit is retained", "cause", "part"),
    },
    "logged_events": {
        **_none("keeps an event from being stored twice; the sealed log has them", "unit_id", "event_id"),
    },
    "signal_sheets": {
        **_other(How.SEALED, _SHEET, "unit_id", "position", "take_id", "sheet_id", "sealed_key"),
        **_other(How.SEALED, _SHEET, "object_key", "ct_sha256", "start_ms", "end_ms"),
    },
    "flags": {
        **_told("flag:add", "id", "session_id", "source", "category", "raised_by", "raised_at"),
        **_committed("flag:add", "severity", "note", "start_ms"),
        **_committed("flag:add, flag:lengthen", "end_ms"),
        **_told("flag:add, flag:decide", "state", "decided_by", "decided_at"),
        **_SALTS,
    },
    "reviews": {
        **_told("review:*, incident:*", "session_id", "state", "claimed_by", "claimed_at"),
        **_told("review:*, incident:*", "decided_by", "decided_at"),
        **_told("review:decide", "unclear_by"),
        **_committed("review:decide", "note"),
        **_SALTS,
    },
    "incidents": {
        **_told("incident:decide", "id", "session_id", "decided_by", "decided_at", "hold_id"),
        **_told("incident:decide, incident:amend", "category"),
        **_committed("incident:decide, incident:amend", "severity"),
        **_committed("incident:decide", "reasons"),
        **_told("incident:*", "state"),
        **_told("incident:confirm, incident:dissent", "second_by", "second_at"),
        **_committed("incident:dissent", "second_reasons"),
        **_told("incident:confirm, incident:reject", "third_by", "third_at"),
        **_committed("incident:reject", "third_reasons"),
        **_told("incident:confirm", "notified_at"),
        **_SALTS,
    },
    "incident_flags": {**_told("incident:decide", "incident_id", "flag_id")},
    "appeals": {
        **_told("appeal:lodge", "id", "session_id", "lodged_at", "hold_id", "incident_id"),
        **_committed("appeal:lodge", "grounds"),
        **_told("appeal:lodge, appeal:close", "state", "outcome", "closed_by", "closed_at"),
        **_committed("appeal:close", "answer"),
        **_SALTS,
    },
    "holds": {
        **_told("hold:place", "id", "session_id", "kind", "placed_at"),
        **_committed("hold:place", "reason", "owner", "review_at"),
        **_told("hold:place, hold:release", "released_at", "released_by"),
        **_SALTS,
    },
    "hold_units": {**_told("hold:place", "hold_id", "unit_id")},
    "identity_checks": {
        **_told("identity:check", "session_id", "confirmed", "checked_by", "checked_at"),
        **_committed("identity:check", "reason"),
        **_SALTS,
    },
    "help_requests": {
        **_told("help:ask", "id", "session_id", "kind", "asked_at", "flag_id"),
        **_committed("help:ask", "text"),
        **_committed("help:answer", "answer"),
        **_told("help:answer", "answered_by"),
        **_told("help:take", "taken_by", "taken_at"),
        **_told("help:answer, help:end", "ended_at"),
        **_SALTS,
    },
    "exam_records": {
        **_told("record:make", "session_id", "due_at"),
        **_told("record:make, record:erase", "erased_at"),
    },
    "erasure_certificates": {
        **_told("evidence:erased", "id", "unit_id", "session_id", "issued_at"),
        **_other(How.SIGNED, "certificate.signature", "body", "signature"),
    },
    "exams": {
        **_told("exam:create", "id", "objection_days", "count_from", "zone", "max_days_without_results"),
        **_told("exam:create", "streams", "identity_copy", "activity_log", "answers_log", "signals"),
        **_told("exam:create", "created_at"),
        **_committed("exam:create", "title", "legal_ground"),
        **_told("exam:create, exam:publish-results", "results_published_at"),
        **_SALTS,
    },
    "users": {
        **_told("user:add", "id", "role", "created_at"),
        **_committed("user:add", "name"),
        **_SALTS,
    },
    "retention_brakes": {
        **_told("brake:pull", "id", "cause", "pulled_at"),
        **_committed("brake:pull", "detail"),
        **_told("brake:pull, brake:release", "released_at", "released_by"),
        **_SALTS,
    },
    "quarantines": {
        **_told("quarantine:begin", "id", "begun_at", "kept", "kept_root", "lost", "lost_root"),
        **_told("quarantine:begin, ledger:restored", "lifted_at", "lifted_by"),
    },
    "sign_in_links": {**_none(_SIGN_IN, "token_hash", "user_id", "expires_at", "used_at")},
    "logins": {**_none(_SIGN_IN, "token_hash", "user_id", "began_at", "expires_at")},
    "custody_entries": {
        **_other(How.CHAIN, _CHAINED, "number", "at", "actor", "role"),
        **_other(How.CHAIN, _CHAINED, "action", "session_id"),
        **_other(How.CHAIN, _CHAINED, "unit_id", "detail", "prev"),
        **_other(How.CHAIN, _CHAINED, "hash"),
    },
    "custody_head": {**_other(How.CHAIN, "the last entry", "id", "number", "hash")},
    "checkpoints": {
        **_other(How.SIGNED, "checkpoint.signature, tree.rewritten", "origin", "size", "note"),
        **_none("the next checkpoint is made of it, and its root then differs", "peaks"),
        **_none(_MEMORY, "made_at", "copied_at"),
    },
    "ledger_stamps": {
        **_other(How.SIGNED, "the authority's signature, over the checkpoint", "size", "answer"),
        **_none(_MEMORY, "added_at", "copied_at"),
    },
    "ledger_stamp_state": {**_none(_MEMORY, "id", "failures")},
    "certificate_copies": {**_none(_MEMORY, "certificate_id", "copied_at")},
    "acts_copied": {**_none(_MEMORY, "id", "through")},
    "ledger_blocks": {
        **_none("the tree has another root than the signed one: all are made anew", "id", "root"),
    },
    "copy_compared": {
        **_none("there is one", "id"),
        **_other(How.SIGNED, "without a valid one the whole copy is compared", "body", "signature"),
    },
    "session_summaries": {
        **_none(_SUMMED, "session_id", "exam_id", "began", "recording", "due_at", "held", "open_flags"),
        **_none(_SUMMED, "stage", "free", "claimed_by", "calls", "restricted", "listed", "rank"),
    },
    "exam_counts": {
        **_none(_COUNTED, "exam_id", "undecided", "second", "decided", "free", "flagged", "open_flags"),
        **_none(_COUNTED, "going", "held"),
    },
    "retention_state": {
        **_none(_MEMORY, "id", "passed_at", "failures", "audited_at", "findings", "orphans"),
    },
    "spools": {
        **_none(_OF_NOW, "id", "told_at", "trouble", "since", "free_bytes", "waiting_bytes", "memory_bytes"),
        **_none(_OF_NOW, "datagrams_lost", "sounds_lost"),
    },
    "erasure_stops": {
        **_none(_STOPPED, "id", "session_id", "codes", "detail"),
        **_none(_STOPPED, "found_at", "ended_at", "ended_by"),
    },
    "ledger_replay": {
        **_none("there is one", "id"),
        **_other(How.SIGNED, "the pages of the ledger say the same", "exact_from"),
        **_none("where the job goes on: its rounds begin anew by themselves", "session_cursor"),
        **_none("where the job goes on: its rounds begin anew by themselves", "unit_cursor"),
        **_none("when the job last passed, and how far it had read", "passed_at", "through"),
    },
    "ledger_pages": {
        **_other(How.SIGNED, _BY_JOB, "id", "body", "signature"),
    },
    "replayed_sessions": {
        **_other(How.SIGNED, _BY_JOB, "id", "through", "digest"),
        **_other(How.SIGNED, _BY_JOB, "signature"),
    },
    "replay_findings": {
        **_none(_AGAIN, "subject", "row", "column"),
        **_none(_AGAIN, "code", "session_id"),
        **_none(_AGAIN, "entry", "found_at"),
        **_none(_AGAIN, "gone_at"),
    },
}


@cache
def compared(table: str) -> tuple[str, ...]:
    """The columns of a table that the replay compares with facts."""
    return tuple(column for column, cover in COLUMNS[table].items() if cover.how in COMPARED)


def document() -> str:
    """`docs/formats/proofs.md`, the part that is this table."""
    lines = ["| Table | Column | Found by | Told where, or why not |", "|---|---|---|---|"]
    for table, columns in COLUMNS.items():
        lines += [f"| `{table}` | `{name}` | {one.how.value} | {one.by} |" for name, one in columns.items()]
    return "\n".join(lines) + "\n"
