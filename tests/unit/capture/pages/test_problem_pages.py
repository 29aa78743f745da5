"""A candidate's page about a problem: in their language, with the one thing to do and the way back."""

import re

import pytest

from proctoring.appeals import service as appeals
from proctoring.exams.model import LANGUAGES, CountFrom, Regulation
from proctoring.sessions import service as sessions
from tests.support.asgi import AsgiClient
from tests.support.world import ADMIN, World

HTML = {"accept": "text/html"}
TRANSLATED = sorted(set(LANGUAGES) - {"en"})
ENGLISH = re.compile(r"\b(the|this|you|your|again|Back to)\b", re.IGNORECASE)
"""Words that no Dutch, French or German sentence of ours has."""


def words_of(page: str) -> str:
    """What the page says, without its tags."""
    return re.sub(r"<[^>]+>", " ", page.split('<section class="problem">')[1])


@pytest.mark.promise("P18")
@pytest.mark.parametrize("language", TRANSLATED)
def test_candidates_read_every_refusal_in_their_language(
    client: AsgiClient, world: World, language: str
) -> None:
    """A bad link, a page that is not there, a form without its field or with too long a one, an act that is
    not possible now, and one whose own words nobody translated: no English word is left."""
    invited, ended = world.session(), world.ended()
    mine, over = (f"/c/{world.core.links.invitation(one)}" for one in (invited, ended))
    with world.core.db.begin() as db:
        appeals.lodge(db, world.core, ended.id, "The camera was never off.")
    asked = [
        ("GET", "/c/not-a-link", {}, 401),
        ("GET", f"{mine}/no-such-page", {}, 404),
        ("GET", f"{mine}/notice", {}, 404),
        ("GET", f"{mine}/certificates/none", {}, 404),
        ("POST", f"{over}/appeal", {}, 422),
        ("POST", f"{mine}/in-person", {"wish": "x" * 5000}, 422),
        ("POST", f"{over}/appeal", {"grounds": "Once more, please."}, 409),
        ("POST", f"{mine}/help", {"kind": "help", "text": "Hello?"}, 409),
        ("POST", f"{over}/admit", {}, 409),
        ("GET", f"/p/{world.core.links.phone(invited)}/identity", {}, 404),
    ]
    headers = HTML | {"cookie": f"language={language}"}
    for method, path, fields, status in asked:
        answer = client.request(method, path, headers=headers, data=fields)
        assert answer.status_code == status, (path, answer.text)
        assert f'<html lang="{language}">' in answer.text
        assert not ENGLISH.search(words_of(answer.text)), words_of(answer.text)


def test_the_language_is_that_of_the_invitation(client: AsgiClient, world: World) -> None:
    """The one that the exam body registered, unless another was pressed; whatever the browser prefers."""
    with world.core.db.begin() as db:
        session = sessions.create(db, world.core, ADMIN, world.exam().id, "C-1", language="fr")
    path = f"/c/{world.core.links.invitation(session)}/notice"
    headers = HTML | {"accept-language": "de"}
    assert '<html lang="fr">' in client.get(path, headers=headers).text
    assert '<html lang="nl">' in client.get(f"{path}?lang=nl", headers=headers).text
    assert '<html lang="de">' in client.get("/c/not-a-link", headers=headers).text


def test_the_way_back_is_the_candidates_own_page(client: AsgiClient, world: World) -> None:
    """But none from a link that opens nothing."""
    home = f"/c/{world.core.links.invitation(world.session())}"
    assert f'href="{home}"' in client.get(f"{home}/notice", headers=HTML).text
    assert 'href="/c/' not in client.get("/c/not-a-link", headers=HTML).text


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    ("language", "until"), [("en", "16 Dec 2026"), ("nl", "16 dec 2026"), ("fr", "16 déc. 2026")]
)
def test_a_refusal_names_its_facts_as_the_reader_writes_them(
    client: AsgiClient, world: World, language: str, until: str
) -> None:
    """The end of the time to appeal, in the exam's zone; a figure as it is."""
    session = world.ended(world.exam(Regulation(30, CountFrom.EXAM_END, "Europe/Brussels", 90)))
    world.clock.move(days=31)
    path = f"/c/{world.core.links.invitation(session)}/appeal"
    for grounds, fact in (("I was alone.", f"{until}, 23:59 CET"), ("x" * 5000, "2000")):
        answer = client.request(
            "POST", path, headers=HTML | {"cookie": f"language={language}"}, data={"grounds": grounds}
        )
        assert fact in re.sub("[\u2068\u2069]", "", answer.text), answer.text
