"""Exam records, and words that were erased: their columns are empty afterwards."""

from proctoring.custody.model import Action, Entry
from proctoring.proofs.model import Told, given
from proctoring.records.model import ERASED, RECORD, WORDS

TABLE = "exam_records"


def fold(told: Told, entry: Entry) -> None:
    """What this entry tells of a record, or of what went."""
    row = entry.session_id
    match entry.action:
        case Action.RECORD_MAKE:
            told.tell(entry, TABLE, row, session_id=row, erased_at=None, **given(entry, "due_at"))
        case Action.RECORD_ERASE:
            told.tell(entry, TABLE, row, erased_at=told.at(entry))
            _gone(told, entry, RECORD)
        case Action.WORDS_ERASE:
            _gone(told, entry, WORDS)


def _gone(told: Told, entry: Entry, words: dict[str, tuple[str, ...]]) -> None:
    """Words of which an older ledger tells nothing stay untold."""
    for table, columns in words.items():
        for row in told.of(table):
            facts = told.rows[(table, row)]
            for column in columns:
                if column in facts and facts[column].value is not None:
                    told.tell(entry, table, row, **{column: ERASED})
