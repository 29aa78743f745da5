"""Writes without end: what one invitation, its tokens, or a stranger can make the database hold."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import httpx2

from proctoring.clock import system_clock
from proctoring.help.model import REQUESTS_MAX
from proctoring.recordings.pace import TAKES_AT_ONCE
from proctoring.sessions.service import NOTICES_MAX, WISHES_MAX
from tests.attacks.frame import Attack, Ground, Outcome
from tests.support.logs import answer, batch, event
from tests.support.service import Service
from tests.support.tables import OF_JOBS
from tests.unit.capture.offers import audio, offer, video

TITLE = "Writes without end"
TRIES = 1_700  # what one invitation once wrote in 15 s
LOGS = ("--streams", "webcam,phone", "--activity-log", "--answers-log")
PUBLISHES = 60

Invited = dict[str, Any]
Ask = Callable[[httpx2.Client, Invited, int], httpx2.Response]


def _flood(ask: Ask, most: int, tries: int, ground: Ground) -> Outcome:
    """So many requests of one invitation; `through` counts rows and entries beyond the bound."""
    service = ground.service()
    invited = service.invite(*LOGS)
    with httpx2.Client(base_url=service.url, timeout=60) as client:
        ask(client, invited, -1)
        before = _rows(service)
        codes = [_status(partial(ask, client, invited, number)) for number in range(tries)]
    mistakes = sum(code >= 500 and code != 503 for code in codes)
    return Outcome(tries, through=max(0, _rows(service) - before - most) + mistakes)


def _status(ask: Callable[[], httpx2.Response]) -> int:
    """Of the answer; 0 where the server ended the connection instead, with a body that it did not want."""
    try:
        return ask().status_code
    except httpx2.TransportError:
        return 0


def _rows(service: Service) -> int:
    """Of all tables of the running service, but what its jobs remember: that grows with time alone."""
    with closing(sqlite3.connect(service.data / "proctoring.db")) as db:
        names = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
        counted = (name for name in names if name not in OF_JOBS)
        return sum(db.execute(f'select count(*) from "{name}"').fetchone()[0] for name in counted)


def _page(path: str, **fields: str) -> Ask:
    def ask(client: httpx2.Client, invited: Invited, number: int) -> httpx2.Response:
        sent = {name: value.format(number=number) for name, value in fields.items()}
        return client.post(f"{invited['candidate_url']}{path}", data=sent)

    return ask


def _admitted(ask: Ask) -> Ask:
    """Before the first request of the flood the candidate is admitted."""

    def asked(client: httpx2.Client, invited: Invited, number: int) -> httpx2.Response:
        if number < 0:
            return client.post(f"{invited['candidate_url']}/admit")
        return ask(client, invited, number)

    return asked


def _languages(client: httpx2.Client, invited: Invited, number: int) -> httpx2.Response:
    return client.post(f"{invited['candidate_url']}/admit?lang={'nl' if number % 2 else 'fr'}")


def _publish(client: httpx2.Client, invited: Invited, _number: int) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {invited['tokens']['webcam']}", "Content-Type": "application/sdp"}
    return client.post("/whip", content=offer(audio(), video()), headers=headers)


def _events(client: httpx2.Client, invited: Invited, number: int) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {invited['events_token']}"}
    sent = batch(system_clock(), [event(system_clock())])
    return client.post(f"/api/v1/sessions/{invited['session_id']}/events", json=sent, headers=headers)


def _answers_of_a_page(ground: Ground) -> Outcome:
    """Every token of a session that a page holds, each as an answer's."""
    service = ground.service()
    invited = service.invite(*LOGS)
    held = [invited["events_token"], *invited["tokens"].values(), invited["candidate_url"].rsplit("/", 1)[1]]
    sent = batch(system_clock(), [answer(system_clock(), "b")], "answers")
    path = f"{service.url}/api/v1/sessions/{invited['session_id']}/events"
    codes = [
        httpx2.post(path, json=sent, headers={"Authorization": f"Bearer {token}"}).status_code
        for token in held
    ]
    return Outcome(len(codes), through=sum(code not in (401, 403) for code in codes))


def _strangers(ground: Ground) -> Outcome:
    """Guessed links and tokens at every door of candidates and of staff."""
    service = ground.service()
    doors: Sequence[tuple[str, str]] = (
        *(
            ("POST", f"/c/guess/{path}")
            for path in ("admit", "help", "back", "in-person", "appeal", "finish")
        ),
        *(("POST", f"/p/guess/{path}") for path in ("ready", "identity")),
        *(("POST", path) for path in ("/sign-in", "/sign-in/guessed-link", "/sign-out", "/whip")),
        *(("POST", "/rehearsal/whip"), ("POST", "/api/v1/sessions/guess/events")),
        *(("PUT", "/api/v1/sessions/guess/late-segments/webcam/0?duration_ms=1"), ("DELETE", "/whip/guess")),
    )
    before, codes = _rows(service), []
    with httpx2.Client(base_url=service.url, timeout=60, headers={"Authorization": "Bearer guess"}) as client:
        for number in range(TRIES):
            method, path = doors[number % len(doors)]
            sent = {"code": "guessed-link", "text": "x", "kind": "help"}
            codes.append(_status(partial(client.request, method, path, data=sent)))
    mistakes = sum(code >= 500 for code in codes)
    return Outcome(TRIES, through=_rows(service) - before + mistakes)


ATTACKS = [
    Attack(
        f"{TRIES:,} wishes to sit in person by one invitation",
        partial(_flood, _page("/in-person", wish="Please, {number}."), WISHES_MAX, TRIES),
    ),
    Attack(
        f"{TRIES:,} calls for help by one invitation",
        partial(_flood, _admitted(_page("/help", kind="help", text="{number}")), REQUESTS_MAX * 2, TRIES),
    ),
    Attack(
        f"{TRIES:,} changes of language by one invitation",
        partial(_flood, _admitted(_languages), NOTICES_MAX, TRIES),
    ),
    Attack(
        f"{PUBLISHES} publishes of one stream, one after another",
        partial(_flood, _admitted(_publish), TAKES_AT_ONCE * 4, PUBLISHES),
    ),
    Attack(
        f"{TRIES:,} batches of events before the recording", partial(_flood, _admitted(_events), 0, TRIES)
    ),
    Attack("answers with every token that a page holds", _answers_of_a_page),
    Attack(f"{TRIES:,} guesses at every door", _strangers),
]
