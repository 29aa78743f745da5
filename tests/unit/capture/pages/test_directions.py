"""Names that run right to left, on every page of the candidate: none turns the sentence around it."""

from typing import Any

import pytest

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.core import Core
from proctoring.exams import service as exams
from proctoring.exams.model import LANGUAGES, CaptureProfile, Exam, Stream
from proctoring.exams.notice import Controller, notice
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.recordings import ending
from proctoring.sessions import service as sessions
from proctoring.text import FSI, PDI
from tests.support.asgi import AsgiClient
from tests.support.directions import turning
from tests.support.world import ADMIN, REGULATION, World

TITLE, REF, NAME, WORDS = "בחינה 2026 (ב׳)", "א-48217", "מכון הבחינות", "נפל לי העט"


@pytest.fixture(autouse=True)
def _of_a_foreign_body(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The controller, its address and the authority, as settings."""
    said = dict.fromkeys(("controller_name", "controller_address", "authority_name"), NAME)
    settings = world.core.settings.model_copy(update=said)
    fields: dict[str, Any] = {name: getattr(world.core, name) for name in Core.__slots__}
    world.core = Core(**fields | {"settings": settings})


@pytest.fixture
def exam(world: World) -> Exam:
    profile = CaptureProfile(tuple(Stream), True, True, True, True)
    with world.core.db.begin() as db:
        return exams.create(
            db, world.core, ADMIN, TITLE, regulation=REGULATION, profile=profile, legal_ground=WORDS
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_turns_a_sentence(world: World, client: AsgiClient, exam: Exam, language: str) -> None:
    """Before, during and after the exam, and after an appeal."""
    core = world.core
    with core.db.begin() as db:
        session = sessions.create(db, core, ADMIN, exam.id, REF)
    home, phone = f"/c/{core.links.invitation(session)}", f"/p/{core.links.phone(session)}"
    look = _Look(client, language)
    look(home, f"{home}/rehearsal", f"{home}/in-person", phone, f"{phone}/identity")
    assert client.post(f"{home}/in-person", data={"wish": WORDS}).status_code == 303
    look(f"{home}/in-person")
    client.post(f"{home}/admit", headers={"cookie": f"language={language}"})
    look(f"{home}/exam")
    world.record(session)
    with core.db.begin() as db:
        help_requests.answer(
            db, core, ADMIN, help_requests.ask(db, core, session.id, HelpKind.HELP, WORDS).id, WORDS
        )
        ending.finish(db, core, session.id)
        appeal = appeals.lodge(db, core, session.id, WORDS)
    look(f"{home}/recording", f"{home}/notice")
    with core.db.begin() as db:
        appeals.close(db, core, ADMIN, appeal.id, outcome=AppealOutcome.REFUSED, answer=WORDS)
    look(f"{home}/recording")
    assert look.isolated > 10


class _Look:
    def __init__(self, client: AsgiClient, language: str) -> None:
        self.isolated = 0
        self._client, self._language = client, language

    def __call__(self, *paths: str) -> None:
        for path in paths:
            page = self._client.get(f"{path}?lang={self._language}", headers={"accept": "text/html"})
            assert page.status_code == 200, path
            assert turning(page.text) == [], path
            self.isolated += page.text.count("<bdi>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_as_text_isolates_its_names(exam: Exam, language: str) -> None:
    """Where it is kept, and in whatever shows it. A name that turns nothing leaves the words as they were."""
    kept = notice(exam, Controller(NAME, NAME, "a&b?c@exam.example", authority=NAME), language)
    said = [kept.lede, *(text for section in kept.sections for text in section.paragraphs)]
    assert f"{FSI}{TITLE}{PDI}" in kept.lede
    assert sum(text.count(f"{FSI}{NAME}{PDI}") for text in said) == 3
    assert kept.section("rights").links[0].href == "mailto:a%26b%3Fc@exam.example"  # type: ignore[union-attr]
