"""A simulated candidate's actions during the recording: answers, activity, a moment outside the room.

Each goes through the interface that an exam platform, the exam page or a companion uses.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import httpx2

from capture.simulate.exam_paper import APART_S, CHOSEN_AFTER_S, FIRST_NUMBER, QUESTION_S, QUESTIONS, moment
from proctoring.clock import Clock, iso, system_clock

ANSWER_S_MAX = 20.0
TRIES_MAX = 5  # of what is answered 503
AGAIN_S = 1.0
DAY_S = 86_400
ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
QUESTION = "https://exam.example/questions/"
LEAVES = "The doorbell rings. I open the door and come straight back."
AWAY_FROM, AWAY_TO = 0.58, 0.94  # shares of the recording


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the candidate's doings go in."""

    session_id: str
    tokens: dict[str, str] = field(repr=False)  # by log
    candidate_url: str = field(repr=False)
    number: int = 0  # of the candidate, from 0


@dataclass(frozen=True, slots=True)
class Doing:
    """At `at_s` seconds of the recording, either an event of a log, or a form of the candidate's page."""

    at_s: float
    log: str = ""
    event: dict[str, Any] = field(default_factory=dict)
    page: str = ""
    form: dict[str, str] = field(default_factory=dict)


def away(begin_ms: int, seconds: float) -> range:
    """When the candidate of a recording that begins then is out of the picture, in unix milliseconds."""
    return range(*(begin_ms + round(share * seconds * 1000) for share in (AWAY_FROM, AWAY_TO)))


def doings(seconds: float, begin_s: float) -> list[Doing]:
    """All of a recording of that length, in their order. The answers are given when the drawn screen, whose
    time of day is `begin_s` as it begins, shows them."""
    first_s = (CHOSEN_AFTER_S - begin_s) % QUESTION_S
    answered_s = [first_s + QUESTION_S * n for n in range(int(seconds // QUESTION_S) + 1)]
    found = [
        Doing(at_s, "answers", _answer(moment(begin_s + at_s)[0])) for at_s in answered_s if at_s < seconds
    ]
    found += [
        Doing(0.0, "activity", {"type": "fullscreen-entered"}),
        Doing(0.38 * seconds, "activity", {"type": "focus-lost"}),
        Doing(0.40 * seconds, "activity", {"type": "application", "name": "Calculator"}),
        Doing(0.47 * seconds, "activity", {"type": "focus-gained"}),
        Doing(0.52 * seconds, "activity", {"type": "paste", "chars": 86}),
        Doing(AWAY_FROM * seconds, page="help", form={"kind": "away", "text": LEAVES}),
        Doing(AWAY_TO * seconds, page="back"),
    ]
    return sorted(found, key=lambda one: one.at_s)


def _answer(turn: int) -> dict[str, Any]:
    place = turn % len(QUESTIONS)
    question = QUESTIONS[place]
    return {
        "verb": {"id": ANSWERED},
        "object": {
            "id": f"{QUESTION}{FIRST_NUMBER + place}",
            "definition": {"name": {"en": question.title}},
        },
        "result": {"response": question.answers[question.chosen], "completion": True},
    }


async def act(base_url: str, doors: Doors, seconds: float, clock: Clock = system_clock) -> list[str]:
    """Do all of `doings`, each at its time from now on; what was refused, one line each."""
    begun_s, time_of_day_s = asyncio.get_running_loop().time(), clock().timestamp() % DAY_S
    refused: list[str] = []
    async with httpx2.AsyncClient(trust_env=False, timeout=ANSWER_S_MAX) as http:
        for doing in doings(seconds, time_of_day_s + doors.number * APART_S):
            await asyncio.sleep(begun_s + doing.at_s - asyncio.get_running_loop().time())
            problem = await _patiently(http, partial(_request, base_url, doors, doing, clock))
            refused += [f"{doing.page or doing.log}: {problem}"] if problem else []
    return refused


def _request(base_url: str, doors: Doors, doing: Doing, clock: Clock) -> httpx2.Request:
    if doing.page:
        return httpx2.Request("POST", f"{doors.candidate_url}/{doing.page}", data=doing.form)
    now = iso(clock())
    batch = {
        "log": doing.log,
        "sent_at": now,
        "events": [{"id": str(uuid4()), "at": now} | doing.event],
    }
    url = urljoin(base_url, f"/api/v1/sessions/{doors.session_id}/events")
    headers = {"Authorization": f"Bearer {doors.tokens[doing.log]}"}
    return httpx2.Request("POST", url, json=batch, headers=headers)


async def _patiently(http: httpx2.AsyncClient, request: Callable[[], httpx2.Request]) -> str:
    """Empty once it was taken; else why not."""
    for _ in range(TRIES_MAX):
        try:
            answer = await http.send(request())
        except httpx2.HTTPError as error:
            return f"no answer: {error}"
        if answer.is_success:
            return ""
        if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(AGAIN_S)
    return f"{answer.status_code} {answer.text[:200]}"
