"""Edits of rows by whoever may write to the database: sixty of the kinds that an attack on the service began
with, and forty more. Each says in which table and column it must be found.

`:agreed`, `:disputed`, `:rejected`, `:invited`, `:recording`, `:erased` are the sessions of
`tests.support.decided`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    name: str
    table: str
    column: str
    sql: tuple[str, ...]


def _edit(name: str, table: str, column: str, *sql: str) -> Edit:
    return Edit(name, table, column, sql)


def _set(name: str, table: str, column: str, value: str, where: str = "session_id = :agreed") -> Edit:
    return Edit(name, table, column, (f"UPDATE {table} SET {column} = {value} WHERE {where}",))


_LATER, _EARLIER = "'2030-01-01 00:00:00.000000+00:00'", "'2026-11-17 00:00:00.000000+00:00'"
_WEBCAM = "session_id = :agreed AND kind = 'webcam'"
_UNIT = "(SELECT id FROM evidence_units WHERE session_id = :agreed AND kind = 'webcam')"
_OTHER_UNIT = "(SELECT id FROM evidence_units WHERE session_id = :disputed AND kind = 'webcam')"
_EXAM = "id = (SELECT exam_id FROM sessions WHERE id = :agreed)"
_FLAG = "id = (SELECT min(id) FROM flags WHERE session_id = :agreed AND source = 'proctor')"
_GAP = f"id = (SELECT min(id) FROM gaps WHERE unit_id = {_UNIT} AND part = 'all' AND end_ms IS NOT NULL)"
_TAKE = f"id = (SELECT id FROM takes WHERE unit_id = {_UNIT} AND number = 1)"
_LEGAL = "session_id = :disputed AND kind = 'legal'"
_RELEASED = "session_id = :rejected AND kind = 'legal'"
_LEAF = f"unit_id = {_UNIT} AND position = 0"
_ASKED = "session_id = :agreed AND kind = 'help'"
_NEW = "'aaaaaaaaaaaaaaaa'"

SIXTY = (
    _edit(
        "two candidates' refs are swapped",
        "sessions",
        "ref",
        "UPDATE sessions SET ref = CASE WHEN id = :agreed THEN 'C-2' ELSE 'C-1' END "
        "WHERE id IN (:agreed, :disputed)",
    ),
    _set("one ref is another's", "sessions", "ref", "'C-9'", "id = :disputed"),
    _set("a session ends as if it never began", "sessions", "state", "'expired'", "id = :agreed"),
    _set("a session that records has ended", "sessions", "state", "'ended'", "id = :recording"),
    _set("an invitation closes later", "sessions", "closes_at", _LATER, "id = :invited"),
    _set("a session began earlier", "sessions", "started_at", _EARLIER, "id = :agreed"),
    _set("a session ended later", "sessions", "ended_at", _LATER, "id = :agreed"),
    _set(
        "a session was of another exam",
        "sessions",
        "exam_id",
        "(SELECT exam_id FROM sessions WHERE id = :erased)",
        "id = :agreed",
    ),
    _set("the scheduled start is moved", "sessions", "starts_at", _EARLIER, "id = :agreed"),
    _set("the exam was longer", "sessions", "minutes", "240", "id = :agreed"),
    _set("extra time is taken away", "sessions", "extra_minutes", "0", "id = :agreed"),
    _set("another notice was shown", "sessions", "notice_text", "'{}'", "id = :agreed"),
    _set("an older notice was shown", "sessions", "notice_version", "'v0'", "id = :agreed"),
    _edit(
        "a second person's agreement is forged",
        "incidents",
        "second_by",
        "UPDATE incidents SET state = 'confirmed', second_by = "
        "(SELECT id FROM users WHERE name = 'Ben') WHERE session_id = :disputed",
    ),
    _set(
        "an incident counts that was rejected", "incidents", "state", "'confirmed'", "session_id = :rejected"
    ),
    _set("an incident is of another kind", "incidents", "category", "'technical'"),
    _set("an incident is graver", "incidents", "severity", "'severe'"),
    _set("the reasons of an incident are rewritten", "incidents", "reasons", "'He confessed'"),
    _set(
        "somebody else decided the incident",
        "incidents",
        "decided_by",
        "(SELECT id FROM users WHERE name = 'Clara')",
    ),
    _edit(
        "an open incident is gone",
        "incidents",
        "id",
        "DELETE FROM incident_flags WHERE incident_id IN "
        "(SELECT id FROM incidents WHERE session_id = :disputed)",
        "DELETE FROM incidents WHERE session_id = :disputed",
    ),
    _set("an appeal's outcome is turned", "appeals", "outcome", "'upheld'"),
    _set("an appeal was answered otherwise", "appeals", "answer", "'You are right'"),
    _set("an appeal's grounds are rewritten", "appeals", "grounds", "'I did it'"),
    _set("an open appeal is closed", "appeals", "state", "'closed'", "session_id = :disputed"),
    _set(
        "somebody else closed the appeal",
        "appeals",
        "closed_by",
        "(SELECT id FROM users WHERE name = 'Anna')",
    ),
    _edit("an open appeal is gone", "appeals", "id", "DELETE FROM appeals WHERE session_id = :disputed"),
    _set("a legal hold is released", "holds", "released_at", _EARLIER, _LEGAL),
    _set("a hold that ended goes on", "holds", "released_at", "NULL", _RELEASED),
    _set("a hold's reason is rewritten", "holds", "reason", "'By mistake'", _LEGAL),
    _set("a hold has another owner", "holds", "owner", "'Nobody'", _LEGAL),
    _set("a hold is looked at again later", "holds", "review_at", _LATER, _LEGAL),
    _set("a hold is of another kind", "holds", "kind", "'restriction'", _LEGAL),
    _edit(
        "a hold is gone",
        "holds",
        "id",
        f"DELETE FROM hold_units WHERE hold_id IN (SELECT id FROM holds WHERE {_LEGAL})",
        f"DELETE FROM holds WHERE {_LEGAL}",
    ),
    _edit(
        "a hold covers a unit less",
        "hold_units",
        "unit_id",
        f"DELETE FROM hold_units WHERE unit_id = {_OTHER_UNIT}",
    ),
    _set(
        "a unit's counter of holds is set to none",
        "evidence_units",
        "active_holds",
        "0",
        "session_id = :disputed",
    ),
    _set("a unit is due earlier", "evidence_units", "due_at", _EARLIER),
    _set("a unit is due later", "evidence_units", "due_at", _LATER),
    _set("a living unit is erased already", "evidence_units", "state", "'erased'", _WEBCAM),
    _set("an erased unit lives", "evidence_units", "state", "'retained'", "session_id = :erased"),
    _set(
        "an erased unit has a key again",
        "evidence_units",
        "sealed_private_key",
        "public_key",
        "session_id = :erased",
    ),
    _set("a unit was erased earlier", "evidence_units", "erased_at", _EARLIER, "session_id = :erased"),
    _set("a proctor may do what the committee may", "users", "role", "'committee'", "name = 'Anna'"),
    _set("an account is somebody else's", "users", "name", "'Zoe'", "name = 'Anna'"),
    _edit(
        "an account is invented",
        "users",
        "id",
        f"INSERT INTO users (id, name, role, created_at) VALUES ({_NEW}, 'Eve', 'operator', {_EARLIER})",
    ),
    _edit(
        "a flag is invented",
        "flags",
        "id",
        "INSERT INTO flags (id, session_id, start_ms, end_ms, source, category, severity, note, state, "
        f"raised_by, raised_at) SELECT {_NEW}, session_id, start_ms, end_ms, source, category, severity, "
        f"note, state, raised_by, raised_at FROM flags WHERE {_FLAG}",
    ),
    _set("a flag is dismissed", "flags", "state", "'dismissed'", _FLAG),
    _set("a flag's note is rewritten", "flags", "note", "'Nothing'", _FLAG),
    _set("a flag is moved", "flags", "start_ms", "0", _FLAG),
    _set("a flag reaches further", "flags", "end_ms", "2001", _FLAG),
    _set("a machine's flag was a proctor's", "flags", "source", "'rule'", _FLAG),
    _edit("a gap is deleted", "gaps", "id", f"DELETE FROM gaps WHERE {_GAP}"),
    _set("a gap is shorter", "gaps", "end_ms", "end_ms - 1000", _GAP),
    _edit(
        "a gap is put down to the candidate",
        "gaps",
        "cause",
        f"UPDATE gaps SET cause = 'stopped', reason = 'candidate' WHERE {_GAP}",
    ),
    _set("the card was confirmed by another", "identity_checks", "checked_by", "'candidate'"),
    _set("the card was not confirmed", "identity_checks", "confirmed", "NOT confirmed"),
    _edit(
        "a comparison of the card is gone",
        "identity_checks",
        "session_id",
        "DELETE FROM identity_checks WHERE session_id = :agreed",
    ),
    _set("a review finds no concern", "reviews", "state", "'no-concern'"),
    _set("the objection period is longer", "exams", "objection_days", "30", _EXAM),
    _set("the results were published earlier", "exams", "results_published_at", _EARLIER, _EXAM),
    _set("a take ended by the candidate's doing", "takes", "end_cause", "'stopped'", _TAKE),
)

FORTY = (
    _set("a session was made earlier", "sessions", "created_at", _EARLIER, "id = :agreed"),
    _set("a session was in another language", "sessions", "language", "'de'", "id = :agreed"),
    _set("the wish to sit in person is rewritten", "sessions", "in_person_wish", "'None'", "id = :invited"),
    _set("nobody asked to sit in person", "sessions", "in_person_asked_at", "NULL", "id = :invited"),
    _set("no date was offered", "sessions", "in_person_sits_at", "NULL", "id = :invited"),
    _set("the answer is rewritten", "sessions", "in_person_answer", "'None'", "id = :invited"),
    _set("somebody else answered", "sessions", "in_person_answered_by", "'cli:x'", "id = :invited"),
    _edit(
        "a session is invented",
        "sessions",
        "id",
        "INSERT INTO sessions (id, exam_id, ref, state, language, created_at, closes_at, extra_minutes) "
        f"SELECT {_NEW}, exam_id, 'C-8', state, language, created_at, closes_at, 0 FROM sessions "
        "WHERE id = :invited",
    ),
    _edit(
        "an invited session is gone",
        "sessions",
        "id",
        "DELETE FROM session_summaries WHERE session_id = :invited",
        "DELETE FROM sessions WHERE id = :invited",
    ),
    _edit(
        "the salts are taken away",
        "incidents",
        "reasons",
        "UPDATE incidents SET salts = NULL WHERE session_id = :agreed",
    ),
    _set("an incident was agreed to at another time", "incidents", "second_at", _EARLIER),
    _set("an incident was decided at another time", "incidents", "decided_at", _EARLIER),
    _set(
        "an incident is behind another hold",
        "incidents",
        "hold_id",
        "(SELECT hold_id FROM incidents WHERE session_id = :disputed)",
    ),
    _edit(
        "the flag of an incident is taken away",
        "incident_flags",
        "flag_id",
        "DELETE FROM incident_flags WHERE incident_id IN "
        "(SELECT id FROM incidents WHERE session_id = :agreed)",
    ),
    _edit(
        "a flag more shows the incident",
        "incident_flags",
        "flag_id",
        "INSERT INTO incident_flags (incident_id, flag_id) SELECT i.id, f.id FROM incidents i, flags f "
        "WHERE i.session_id = :agreed AND f.session_id = :agreed AND f.source = 'candidate'",
    ),
    _set("an incident is another candidate's", "incidents", "session_id", ":rejected"),
    _set("an appeal was lodged too late", "appeals", "lodged_at", _LATER),
    _set("an appeal was closed at another time", "appeals", "closed_at", _EARLIER),
    _set(
        "an appeal is behind another hold",
        "appeals",
        "hold_id",
        "(SELECT hold_id FROM incidents WHERE session_id = :agreed)",
    ),
    _set("a hold was placed earlier", "holds", "placed_at", _EARLIER, _LEGAL),
    _set("somebody else released the hold", "holds", "released_by", "'candidate'", _RELEASED),
    _set("a hold is on another session", "holds", "session_id", ":agreed", _LEGAL),
    _edit(
        "a hold covers a unit of somebody else",
        "hold_units",
        "unit_id",
        f"INSERT INTO hold_units (hold_id, unit_id) SELECT id, {_UNIT} FROM holds WHERE {_LEGAL}",
    ),
    _set("a unit is of another kind", "evidence_units", "kind", "'phone'", _WEBCAM),
    _set("a unit's manifest is longer", "evidence_units", "manifest_size", "9", _WEBCAM),
    _set("another erasure erased it", "evidence_units", "erase_id", "'x'", "session_id = :erased"),
    _set("an erasure began earlier", "evidence_units", "erasing_at", _EARLIER, "session_id = :erased"),
    _set(
        "a certificate was issued earlier",
        "erasure_certificates",
        "issued_at",
        _EARLIER,
        "session_id = :erased",
    ),
    _edit(
        "a certificate is gone",
        "erasure_certificates",
        "id",
        "DELETE FROM certificate_copies",
        "DELETE FROM erasure_certificates WHERE session_id = :erased",
    ),
    _set("a flag was raised by another", "flags", "raised_by", "'candidate'", _FLAG),
    _set("a flag is of another kind", "flags", "category", "'technical'", _FLAG),
    _set("a flag is graver", "flags", "severity", "'severe'", _FLAG),
    _set("a flag was looked at by another", "flags", "decided_by", "'candidate'", _FLAG),
    _set("a review was claimed by another", "reviews", "claimed_by", "'candidate'"),
    _set("a review was decided earlier", "reviews", "decided_at", _EARLIER),
    _set("the candidate asked for something else", "help_requests", "text", "'May I call?'", _ASKED),
    _set("the candidate was answered otherwise", "help_requests", "answer", "'No'", _ASKED),
    _set(
        "the candidate was away for longer",
        "help_requests",
        "ended_at",
        _LATER,
        "session_id = :agreed AND kind = 'away'",
    ),
    _set("an exam counts from its end", "exams", "count_from", "'exam-end'", _EXAM),
    _set("an exam has another legal ground", "exams", "legal_ground", "'consent'", _EXAM),
    _set("a brake was released by another", "retention_brakes", "released_by", "'candidate'", "1 = 1"),
    _set("a take began at another place", "takes", "start_ms", "start_ms + 1", _TAKE),
    _edit(
        "a leaf is longer", "segments", "leaf_hash", f"UPDATE segments SET ct_len = ct_len + 1 WHERE {_LEAF}"
    ),
)
