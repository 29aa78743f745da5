"""Simulated candidates, each publishing its session's streams; one failure does not stop the others."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urljoin

from capture.simulate.absence import HERE
from capture.simulate.encoding import Codec
from capture.simulate.publisher import Published, PublishFailed, publish
from proctoring.exams.model import Stream

GAP_AFTER_SHARE = 0.45
GAP_S = 4.0
GAPS_WORTH = 3


@dataclass(frozen=True, slots=True)
class SimulatedSession:
    """Where one candidate publishes and with which ingest token each stream. `whip_url` may be relative."""

    tokens: Mapping[Stream, str] = field(repr=False)
    whip_url: str = "/whip"


class Step(StrEnum):
    SENDING = "sending"
    DROPPED = "dropped"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """One stream's state. `candidate` counts from 0, `sent_s` covers all takes, `problem` says what to do."""

    candidate: int
    stream: Stream
    step: Step
    sent_s: float
    problem: str = ""


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of it: every take that was sent, and every stream that failed."""

    takes: tuple[Published, ...]
    failures: tuple[Progress, ...]


async def simulate(
    base_url: str,
    sessions: Sequence[SimulatedSession],
    seconds: float,
    on_progress: OnProgress = lambda progress: None,
    *,
    codec: Codec = "H264",
    with_gap: bool = False,
    gap_s: float = GAP_S,
    away: range = HERE,
) -> Summary:
    """Publishes every stream of every session for `seconds` and returns what was sent.

    `with_gap`: each candidate's phone falls silent once, for `gap_s` seconds, and comes back as a new take,
    if `seconds` is at least GAPS_WORTH times that. `away`: nobody is in the picture then (Unix ms). Never
    raises for a stream; cancelling stops them all.
    """
    takes: list[Published] = []
    failures: list[Progress] = []

    async def run(candidate: int, session: SimulatedSession, stream: Stream, token: str) -> None:
        url = urljoin(base_url, session.whip_url)
        sent_s = 0.0

        def sending(_: Stream, take_s: float) -> None:
            tell(Step.SENDING, sent_s + take_s)

        def tell(step: Step, total_s: float, problem: str = "") -> Progress:
            progress = Progress(candidate, stream, step, total_s, problem)
            on_progress(progress)
            return progress

        try:
            for length_s, last in _takes(stream, seconds, gap_s if with_gap else None):
                take = await publish(
                    url,
                    token,
                    stream,
                    seconds=length_s,
                    codec=codec,
                    number=candidate,
                    goodbye=last,
                    on_progress=sending,
                    away=away,
                )
                takes.append(take)
                sent_s += take.seconds
                if not last:
                    tell(Step.DROPPED, sent_s)
                    await asyncio.sleep(gap_s)
            tell(Step.DONE, sent_s)
        except PublishFailed as error:
            failures.append(tell(Step.FAILED, sent_s, f"{error.detail} {error.remedy}".strip()))

    async with asyncio.TaskGroup() as group:
        for candidate, session in enumerate(sessions):
            for stream, token in session.tokens.items():
                group.create_task(run(candidate, session, stream, token))
    return Summary(tuple(takes), tuple(failures))


def _takes(stream: Stream, seconds: float, gap_s: float | None) -> list[tuple[float, bool]]:
    """The lengths of a stream's takes, and whether each is the last."""
    if stream is not Stream.PHONE or gap_s is None or seconds < GAPS_WORTH * gap_s:
        return [(seconds, True)]
    first_s = seconds * GAP_AFTER_SHARE
    return [(first_s, False), (seconds - first_s - gap_s, True)]
