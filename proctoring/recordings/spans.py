"""Stretches of time, and which of them a late piece may fill. Pure; any one unit of milliseconds."""

from collections.abc import Iterable
from dataclasses import dataclass

from proctoring.recordings.model import GAP_MS_MIN

EVER_MS = 1 << 53  # later than any instant, and exact in JavaScript


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_ms` up to, but not with, `end_ms`."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms

    def within(self, other: "Span") -> "Span":
        """What the two have in common; of no or negative length when that is nothing."""
        return Span(max(self.start_ms, other.start_ms), min(self.end_ms, other.end_ms))

    def moved(self, by_ms: int) -> "Span":
        return Span(self.start_ms + by_ms, self.end_ms + by_ms)


def without(gap: Span, filled: Span) -> list[Span]:
    """What is left of a gap once `filled` is there; a rest too short for a record is none."""
    rests = Span(gap.start_ms, filled.start_ms), Span(filled.end_ms, gap.end_ms)
    return [rest for rest in rests if rest.length_ms >= GAP_MS_MIN]


def fillable(gaps: Iterable[Span], piece: Span) -> list[Span]:
    """The stretches of `piece` in which something is missing, each within one gap, the earliest first."""
    common = sorted((gap.within(piece) for gap in gaps), key=lambda span: span.start_ms)
    return [span for span in common if span.length_ms >= GAP_MS_MIN]
