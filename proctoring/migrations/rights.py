"""Rights of each role of the distributed shape on PostgreSQL: verbs by table, for UPDATE by column. Pure.

A right exists only if it is written here. A new table, or a new read or write of a running process, needs a
line: until then PostgreSQL refuses it to every role. `tests/integration/test_database_roles.py` tries each
writing service function under its role. The owner, under whom the command line runs, needs no line.

A row that the ledger commits to gets its salts before it is inserted: no UPDATE is needed.

Invariants: no role alters or removes a ledger entry or an erasure certificate. None alters a segment's leaf.
Only the worker removes leaves and signed heads, and the proofs find it unless the ledger tells the erasure.
Capture, which faces the world, sees nothing of staff, and changes no incident, review, appeal, hold or exam.
Only the worker destroys or replaces a key.

A row lock (SELECT … FOR UPDATE, or FOR SHARE) asks for UPDATE on some column of its table. A role that locks
and writes nothing is given the least telling column: `LOCKED_BY`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

USERS = ("capture", "review", "worker")
VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class Right:
    """`verbs`: of SELECT, INSERT and DELETE, on whole rows. `update`: the columns that may be changed."""

    verbs: frozenset[str] = frozenset()
    update: frozenset[str] = frozenset()


def _may(verbs: str, update: str = "") -> Right:
    return Right(frozenset(verbs.split()), frozenset(update.split()))


LOCKED_BY = "phone_ready_at"  # of sessions: out of date after 15 s, whoever wrote it
_NONE, _READ, _ADD = Right(), _may("SELECT"), _may("SELECT INSERT")
_GAPS = _may("SELECT INSERT DELETE", "start_ms end_ms")

_ANY_ROLE = {
    VERSION_TABLE: _READ,
    "custody_entries": _ADD,
    "custody_head": _may("SELECT", "number hash"),
    "quarantines": _ADD,  # whoever notices that the database was put back begins one; a person lifts it
    "checkpoints": _READ,
    "copy_compared": _READ,
    "erasure_certificates": _READ,
    "erasure_stops": _READ,
    "exams": _READ,
    "takes": _READ,
    "segments": _READ,
    "holds": _READ,
    "hold_units": _READ,
    "identity_checks": _READ,
    "ledger_replay": _READ,
    "ledger_stamp_state": _READ,
    "replay_findings": _READ,
    "retention_brakes": _READ,
    "retention_state": _READ,
    "spools": _READ,
}
_PLACE = "listed rank"  # of a summary, which every writer of it sets

_CAPTURE = {
    "sessions": _may(
        "SELECT",
        "state language started_at ended_at phone_ready_at notice_version notice_text in_person_asked_at "
        "in_person_wish salts",
    ),
    "evidence_units": _may(
        "SELECT INSERT", "state active_holds due_at manifest_size manifest_head unsigned late_until"
    ),
    "takes": _may("SELECT INSERT", "start_ms end_ms last_seq ended_at end_cause spool_id heard_at"),
    "segments": _ADD,
    "gaps": _GAPS,
    "logged_events": _ADD,
    "signal_sheets": _ADD,
    "flags": _may("SELECT INSERT", "end_ms salts"),
    "help_requests": _may("SELECT INSERT", "ended_at"),
    "appeals": _ADD,
    "holds": _ADD,  # of an appeal that is lodged
    "hold_units": _ADD,
    "spools": _may(
        "SELECT INSERT",
        "told_at trouble since free_bytes waiting_bytes memory_bytes datagrams_lost sounds_lost",
    ),
    "incidents": _READ,  # the candidate's own page
    "reviews": _READ,
    "exam_records": _READ,
    "exam_counts": _may("SELECT INSERT", "undecided free flagged open_flags going held"),
    "session_summaries": _may("SELECT", f"{_PLACE} began recording due_at held open_flags calls restricted"),
}

_REVIEW = {
    "users": _READ,
    "sign_in_links": _may("SELECT", "used_at"),
    "logins": _may("SELECT INSERT DELETE"),
    "sessions": _may(
        "SELECT",
        f"{LOCKED_BY} state ended_at in_person_sits_at in_person_answer in_person_answered_at "
        "in_person_answered_by salts",
    ),
    "evidence_units": _may("SELECT", "active_holds due_at state"),  # a proctor ends a session
    "gaps": _may("SELECT DELETE", "start_ms end_ms"),
    "logged_events": _READ,
    "signal_sheets": _READ,
    "flags": _may("SELECT INSERT", "state decided_by decided_at"),
    "reviews": _may(
        "SELECT INSERT", "state claimed_by claimed_at decided_by decided_at unclear_by note salts"
    ),
    "incidents": _may(
        "SELECT INSERT",
        "state second_by second_at second_reasons third_by third_at third_reasons notified_at category "
        "severity salts",
    ),
    "incident_flags": _ADD,
    "appeals": _may("SELECT", "state outcome answer closed_by closed_at salts"),
    "holds": _may("SELECT INSERT", "released_at released_by"),
    "hold_units": _ADD,
    "help_requests": _may("SELECT", "answer answered_by ended_at taken_by taken_at salts"),
    "identity_checks": _may("SELECT INSERT", "confirmed reason checked_by checked_at salts"),
    "exam_counts": _may("SELECT", "undecided second decided free flagged open_flags going held"),
    "session_summaries": _may(
        "SELECT", f"{_PLACE} began recording due_at held open_flags stage free claimed_by calls restricted"
    ),
}

_WORKER = {
    "sessions": _may(
        "SELECT", "state ended_at length_ms ref notice_text in_person_wish in_person_answer salts"
    ),
    "evidence_units": _may(
        "SELECT",
        "state due_at public_key key_tag sealed_private_key kek_epoch erase_id erasing_at erased_at swept_at "
        "recorded_ms unsigned",
    ),
    "takes": _may("SELECT DELETE", "sealed_key ended_at end_cause"),
    "segments": _may("SELECT DELETE"),
    "gaps": _GAPS,
    "logged_events": _may("SELECT DELETE"),
    "signal_sheets": _may("SELECT DELETE"),
    "erasure_certificates": _ADD,
    "certificate_copies": _may("SELECT INSERT", "copied_at"),
    "checkpoints": _may("SELECT INSERT DELETE", "copied_at"),
    "ledger_stamps": _may("SELECT INSERT", "copied_at"),
    "ledger_stamp_state": _may("SELECT", "failures"),
    "acts_copied": _may("SELECT", "through"),
    "copy_compared": _may("SELECT INSERT", "body signature"),
    "ledger_replay": _may("SELECT", "session_cursor unit_cursor passed_at through"),
    "ledger_pages": _may("SELECT INSERT", "body signature"),
    "replayed_sessions": _may("SELECT INSERT", "through digest signature"),
    "replay_findings": _may("SELECT INSERT", "code session_id entry found_at gone_at"),
    "exam_records": _may("SELECT INSERT", "erased_at"),
    "flags": _may("SELECT", "note salts"),  # as all of salts: what people wrote has an end
    "reviews": _may("SELECT", "note salts"),
    "incidents": _may("SELECT", "reasons second_reasons third_reasons salts"),
    "appeals": _may("SELECT", "grounds answer salts"),
    "help_requests": _may("SELECT", "text answer salts"),
    "holds": _may("SELECT", "reason owner salts"),
    "identity_checks": _may("SELECT", "reason salts"),
    "users": _READ,  # as all that follows, to compare it with the ledger
    "incident_flags": _READ,
    "erasure_stops": _may("SELECT INSERT", "detail ended_at ended_by"),
    "retention_brakes": _may("SELECT INSERT", "released_at released_by"),  # by a time-stamp authority's word
    "retention_state": _may("SELECT", "passed_at failures audited_at findings orphans"),
    "exam_counts": _may(
        "SELECT INSERT DELETE", "undecided second decided free flagged open_flags going held"
    ),
    "session_summaries": _may(  # made anew where one is wrong
        "SELECT INSERT",
        f"{_PLACE} began recording due_at held open_flags stage free claimed_by calls restricted",
    ),
}

RIGHTS: Mapping[str, Mapping[str, Right]] = {
    "capture": _ANY_ROLE | _CAPTURE,
    "review": _ANY_ROLE | _REVIEW,
    "worker": _ANY_ROLE | _WORKER,
}


def right(user: str, table: str) -> Right:
    """What the role may do to the table: nothing, where nothing is written."""
    return RIGHTS[user].get(table, _NONE)
