"""Columns of text that stay when everything about a session has ended, each with the reason. Pure.

Words of people about a session are erased (`records.model`: WORDS, RECORD). The rows of GONE_WITH_KEY are
deleted when their unit's key is destroyed. All other text is listed here, and no words about a candidate
reach it. A test fills every column and lets a session live to its end; it fails on a column in no table.
"""

from enum import StrEnum


class Why(StrEnum):
    """Why a column may stay, and so what it may hold."""

    ID = "an id made here, or an object's name made of ids: it says nothing about anybody"
    WORD = "a word of a closed list, or a name that a program or a public list gives"
    PROOF = "a hash, a key, a salt or a signature, or what is signed: ids, figures and closed words"
    ACTED = "who acted: the id of a staff account, or the account of the command line"
    STAFF = "the name of a staff account: the ledger's acts are told by it"
    HOUSE = "the exam body's words about an exam, the same for all who sit it"
    LEDGER = "ids, figures, closed words and commitments; whom a copy was for, on which request; why a \
quarantine was lifted"
    MACHINE = "a sentence that this program makes of ids, figures and names of columns"


GONE_WITH_KEY = frozenset({"logged_events", "signal_sheets"})
"""Tables whose rows of a unit are deleted in the transaction that destroys its key."""


def _stays(**columns: str) -> dict[str, Why]:
    return {column: Why[why] for why, listed in columns.items() for column in listed.split()}


STAYS: dict[str, dict[str, Why]] = {
    "appeals": _stays(
        ID="id session_id hold_id incident_id", WORD="state outcome", ACTED="closed_by", PROOF="salts"
    ),
    "certificate_copies": _stays(ID="certificate_id"),
    "checkpoints": _stays(ID="origin", PROOF="peaks note"),
    "custody_entries": _stays(
        ID="session_id unit_id", WORD="role action", ACTED="actor", LEDGER="detail", PROOF="prev hash"
    ),
    "custody_head": _stays(PROOF="hash"),
    "erasure_certificates": _stays(ID="id unit_id session_id", PROOF="body signature"),
    "erasure_stops": _stays(ID="id session_id", WORD="codes", ACTED="ended_by", MACHINE="detail"),
    "evidence_units": _stays(
        ID="id session_id kek_epoch erase_id",
        WORD="kind state",
        PROOF="manifest_head public_key key_tag sealed_private_key",
    ),
    "exam_counts": _stays(ID="exam_id"),
    "exam_records": _stays(ID="session_id"),
    "exams": _stays(ID="id", WORD="count_from zone streams", HOUSE="title legal_ground", PROOF="salts"),
    "flags": _stays(
        ID="id session_id",
        WORD="source category severity state",
        ACTED="raised_by decided_by",
        PROOF="salts",
    ),
    "gaps": _stays(ID="id unit_id", WORD="reason cause part"),
    "help_requests": _stays(
        ID="id session_id flag_id", WORD="kind", ACTED="answered_by taken_by", PROOF="salts"
    ),
    "hold_units": _stays(ID="hold_id unit_id"),
    "holds": _stays(ID="id session_id", WORD="kind", ACTED="released_by", PROOF="salts"),
    "identity_checks": _stays(ID="session_id", ACTED="checked_by", PROOF="salts"),
    "incident_flags": _stays(ID="incident_id flag_id"),
    "incidents": _stays(
        ID="id session_id hold_id",
        WORD="category severity state",
        ACTED="decided_by second_by third_by",
        PROOF="salts",
    ),
    "copy_compared": _stays(PROOF="body signature"),
    "ledger_blocks": _stays(PROOF="root"),
    "ledger_pages": _stays(PROOF="body signature"),
    "ledger_replay": _stays(ID="session_cursor unit_cursor"),
    "ledger_stamps": _stays(PROOF="answer"),
    "logins": _stays(ID="user_id", PROOF="token_hash"),
    "quarantines": _stays(ID="id", ACTED="lifted_by", PROOF="kept_root lost_root"),
    "replay_findings": _stays(ID="row session_id", WORD="subject column code"),
    "replayed_sessions": _stays(ID="id", PROOF="digest signature"),
    "retention_brakes": _stays(ID="id", WORD="cause", ACTED="released_by", MACHINE="detail", PROOF="salts"),
    "reviews": _stays(ID="session_id", WORD="state", ACTED="claimed_by decided_by unclear_by", PROOF="salts"),
    "segments": _stays(ID="unit_id", PROOF="ct_sha256 leaf_hash"),
    "session_summaries": _stays(ID="session_id exam_id", WORD="stage listed", ACTED="claimed_by"),
    "sessions": _stays(
        ID="id exam_id",
        WORD="state language notice_version",
        ACTED="in_person_answered_by",
        PROOF="salts",
    ),
    "sign_in_links": _stays(ID="user_id", PROOF="token_hash"),
    "spools": _stays(ID="id", WORD="trouble"),
    "takes": _stays(
        ID="id unit_id session_id spool_id", WORD="stream media_type end_cause", PROOF="sealed_key"
    ),
    "users": _stays(ID="id", WORD="role", STAFF="name", PROOF="salts"),
}
