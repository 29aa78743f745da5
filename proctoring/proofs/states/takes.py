"""Takes as they began and ended, and the gaps of a unit as they were when it was retained."""

from proctoring.custody.model import Action, Entry
from proctoring.proofs.model import Fact, Told, given
from proctoring.recordings.model import read_gap

TABLE, GAPS = "takes", "gaps"


def fold(told: Told, entry: Entry) -> None:
    """What this entry tells of takes and gaps."""
    match entry.action:
        case Action.TAKE_BEGIN:
            told.tell(
                entry,
                TABLE,
                str(entry.detail["take"]),
                unit_id=entry.unit_id,
                session_id=entry.session_id,
                started_at=told.at(entry),
                ended_at=None,
                end_cause=None,
                **given(
                    entry,
                    "number",
                    "stream",
                    "media_type",
                    "start_ms",
                    "late",
                    end_ms="start_ms",
                    sealed_key="key",
                ),
            )
        case Action.TAKE_END:
            told.tell(entry, TABLE, str(entry.detail["take"]), **given(entry, "ended_at", end_cause="cause"))
        case Action.GAP_RECORD:
            for one in str(entry.detail["gaps"]).split():
                key, gap = read_gap(one, str(entry.unit_id))
                told.tell(
                    entry,
                    GAPS,
                    key,
                    unit_id=gap.unit_id,
                    start_ms=gap.start_ms,
                    end_ms=gap.end_ms,
                    reason=gap.reason.value,
                    cause=gap.cause.value,
                    part=gap.part.value,
                )
        case Action.EVIDENCE_RETAIN:
            told.complete.add((GAPS, str(entry.unit_id)))


def told_leaves(entry: Entry) -> tuple[int, Fact] | None:
    """The position of a unit's last leaf as a take ended, and the hash that it had."""
    leaves, head = entry.detail.get("leaves"), entry.detail.get("head")
    if entry.action is not Action.TAKE_END or not isinstance(leaves, int) or not leaves:
        return None
    return leaves - 1, Fact(head, entry.number)
