"""Bugs that lose held evidence, leave erased evidence or let an edited row pass, as replacements of text.

A bug whose text is no longer found in the code fails the run: it would test nothing.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces `old`, which stands in the file exactly once."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Bug:
    """`suite`: the tests that must find it."""

    name: str
    what: str
    edits: tuple[Edit, ...]
    suite: tuple[str, ...]


PROOFS = "tests/unit/proctoring/proofs"
EDITS = (f"{PROOFS}/test_edits.py", f"{PROOFS}/test_columns.py", f"{PROOFS}/test_holes.py")
READ = (f"{PROOFS}/test_pages.py", f"{PROOFS}/test_job.py", "tests/unit/retention/test_guard.py")
ERASED = (
    "tests/unit/retention/test_erase.py",
    "tests/unit/proctoring/incidents/test_incidents.py",
    "tests/unit/proctoring/casework/test_procedures.py",
)
SHREDDED = ("tests/unit/storage/objects/test_shred.py",)
RACES = (
    "tests/integration/test_interleavings.py::test_a_hold_and_an_erasure_have_one_winner_in_every_order",
    "tests/integration/test_interleavings.py"
    "::test_a_hold_and_an_erasure_of_a_single_stream_have_one_winner_in_every_order",
)
COMPARE, CHECK, READER = (f"proctoring/proofs/{name}.py" for name in ("compare", "check", "reader"))
UNITS, SHRED = "proctoring/units/service.py", "storage/objects/shred.py"
LISTED = "self._objects.versions(prefix)"
NEWEST = (
    "iter(version for version in "
    "{version.key: version for version in self._objects.versions(prefix)}.values() "
    "if not version.is_marker)"
)
NO_MARKERS = "(version for version in self._objects.versions(prefix) if not version.is_marker)"


def _listing(new: str) -> tuple[Edit, ...]:
    return (
        Edit(SHRED, f"for version in {LISTED}:", f"for version in {new}:"),
        Edit(SHRED, f"next(iter({LISTED}), None)", f"next(iter({new}), None)"),
    )


BUGS = (
    Bug(
        "stale check",
        "erasure looks for holds instead of asking the counter",
        (
            Edit(
                UNITS,
                "UnitRow.active_holds == 0,",
                "~exists().where(HoldUnitRow.unit_id == UnitRow.id, HoldUnitRow.hold_id == HoldRow.id,"
                " HoldRow.released_at.is_(None)),",
            ),
            Edit(
                UNITS,
                "from sqlalchemy import ColumnElement, update",
                "from sqlalchemy import ColumnElement, exists, update",
            ),
            Edit(
                UNITS,
                "from proctoring.units.model import",
                "from proctoring.holds.rows import HoldRow, HoldUnitRow\nfrom proctoring.units.model import",
            ),
        ),
        RACES,
    ),
    Bug(
        "late put",
        "a segment is registered after the unit was closed",
        (
            Edit(
                "proctoring/recordings/service.py",
                ".where(UnitRow.id == take.unit_id, UnitRow.state == UnitState.OPEN.value)",
                ".where(UnitRow.id == take.unit_id)",
            ),
        ),
        ("tests/unit/proctoring/recordings/test_service.py",),
    ),
    Bug(
        "hold after erase",
        "a hold is placed on what is being erased",
        (
            Edit(
                UNITS,
                ".where(UnitRow.id == unit_id, UnitRow.state.in_(LIVING_VALUES))",
                ".where(UnitRow.id == unit_id)",
            ),
        ),
        ERASED,
    ),
    Bug(
        "release-all",
        "releasing one hold ends them all",
        (Edit(UNITS, "active_holds=UnitRow.active_holds - 1", "active_holds=0"),),
        ERASED,
    ),
    Bug(
        "objects first",
        "objects are deleted before the decision",
        (
            Edit(
                "retention/erase.py",
                "        unit_ids = [line.unit_id for line in lines]\n",
                "        unit_ids = [line.unit_id for line in lines]\n"
                "        for unit_id in unit_ids:\n            self._shredder.shred(unit_id)\n",
            ),
        ),
        ERASED,
    ),
    Bug(
        "key kept",
        "the decision leaves the unit's sealed key in its row",
        (Edit(UNITS, "            sealed_private_key=None,\n", ""),),
        ERASED,
    ),
    Bug(
        "no resume",
        "what is half erased is left for good",
        (
            Edit(
                "retention/plan.py",
                'return Fate.GOES, "its erasure has begun and is finished now"',
                'return Fate.STAYS, "its erasure has begun"',
            ),
        ),
        ERASED,
    ),
    Bug(
        "only visible versions listed",
        "older versions and hidden objects are not seen",
        _listing(NEWEST),
        SHREDDED,
    ),
    Bug(
        "plain delete",
        "objects are deleted by name, without their version",
        (
            Edit(
                SHRED,
                "self._objects.delete(doomed())",
                "self._objects.delete(type(v)(v.key, None, v.is_marker, v.size) for v in doomed())",
            ),
            Edit(
                SHRED,
                f"next(iter({LISTED}), None) is None",
                f"all(version.is_marker for version in {{v.key: v for v in {LISTED}}}.values())",
            ),
        ),
        SHREDDED,
    ),
    Bug("markers left", "delete markers are neither listed nor deleted", _listing(NO_MARKERS), SHREDDED),
    Bug(
        "uploads left",
        "unfinished uploads are neither aborted nor seen",
        (
            Edit(SHRED, "in list(self._objects.uploads(prefix)):", "in ():"),
            Edit(SHRED, "next(iter(self._objects.uploads(prefix)), None) is None", "True"),
        ),
        SHREDDED,
    ),
    Bug(
        "dropped comparison",
        "the replay does not compare who agreed to an incident",
        (
            Edit(
                COMPARE,
                "if fact is not None and not _holds(",
                "if column != 'second_by' and fact and not _holds(",
            ),
        ),
        EDITS,
    ),
    Bug(
        "any words open a commitment",
        "the replay takes what a row says for what was committed to",
        (Edit(COMPARE, "return isinstance(salt, str) and Opening", "return True or Opening"),),
        EDITS,
    ),
    Bug(
        "invented rows pass",
        "the replay asks only for the rows that the ledger tells of",
        (Edit(COMPARE, "if key not in told.rows and", "if False and"),),
        EDITS,
    ),
    Bug(
        "deleted rows pass",
        "the replay looks only at rows that are there",
        (Edit(COMPARE, "found.faults.append(_missing(key, facts))", "pass"),),
        EDITS,
    ),
    Bug(
        "garbage passes",
        "a value that its column cannot hold is no fault",
        (Edit(COMPARE, "if isinstance(held, Garbled):\n            yield", "if False:\n            yield"),),
        (f"{PROOFS}/test_garbled.py",),
    ),
    Bug(
        "leaves not followed",
        "the replay does not compare what follows from a unit's leaves",
        (
            Edit(
                CHECK,
                "faults += [*unreadable, *check_leaves(told, unit_id, leaves, mine)]",
                "list(check_leaves(told, unit_id, leaves, mine))",
            ),
        ),
        EDITS,
    ),
    Bug(
        "holes not looked for",
        "a gap that is taken away before it is told leaves no trace",
        (Edit(CHECK, "faults += check_holes(told, places, gone)", "pass"),),
        EDITS,
    ),
    Bug(
        "due dates not told",
        "the replay computes no due date",
        (Edit(CHECK, "        _tell_due_dates(told, house, entries)\n", ""),),
        EDITS,
    ),
    Bug(
        "holds not counted",
        "the replay does not count the holds on a unit",
        (Edit("proctoring/proofs/replay.py", "    _count_holds(told)\n", ""),),
        EDITS,
    ),
    Bug(
        "edited entries pass",
        "what was read of a session is not compared with its entries as they are now",
        (Edit(READER, 'return digest == self._digests.get(about, b"")', "return True"),),
        READ,
    ),
    Bug(
        "any page fits",
        "a page is believed whatever the ledger has where it ends",
        (Edit(READER, "if there.get(page.through) != page.hash:", "if False:"),),
        READ,
    ),
    Bug(
        "unsigned pages pass",
        "a page is believed whoever wrote it",
        (
            Edit(
                "proctoring/proofs/pages.py",
                "check_body(public, Purpose.LEDGER_PAGE, body, signature)",
                "signature and public",
            ),
            Edit(
                "proctoring/proofs/pages.py",
                "from storage.proofs.sign import Purpose, check_body, sign_body",
                "from storage.proofs.sign import Purpose, sign_body",
            ),
        ),
        READ,
    ),
)
