"""The way of a candidate through the pages, without a browser."""

import json

import pytest

from capture.identity_recorder import MemoryIdentityRecorder
from proctoring.exams.model import LANGUAGES, Stream
from proctoring.exams.notice import read
from proctoring.recordings import take_owners
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session, SessionState
from proctoring.sessions.rows import SessionRow
from proctoring.spools import service as spools
from proctoring.spools.model import Told, Trouble
from tests.support.asgi import AsgiClient
from tests.support.world import World


def invitation(world: World, session: Session) -> str:
    """The address of the candidate's pages."""
    return f"/c/{world.core.links.invitation(session)}"


def row(world: World, session: Session) -> SessionRow:
    """The session as it stands."""
    with world.core.db.read() as db:
        return sessions.session_row(db, session.id)


@pytest.mark.promise("P18")
def test_the_notice_is_shown_before_anything_and_kept_as_it_was_shown(
    world: World, client: AsgiClient
) -> None:
    """Reading it changes nothing; going on keeps its very words, its version and its language."""
    session = world.session()
    home = invitation(world, session)
    shown = client.get(f"{home}?lang=nl")
    assert shown.status_code == 200
    assert row(world, session).state == SessionState.INVITED
    gone_on = client.post(f"{home}/admit", headers={"cookie": "language=nl"})
    assert gone_on.headers["location"] == f"{home}/exam"
    kept = row(world, session)
    assert kept.state == SessionState.ADMITTED
    assert kept.language == "nl"
    assert kept.notice_text is not None
    notice = read(kept.notice_text)
    assert kept.notice_version == notice.version
    for section in notice.sections:
        for paragraph in section.paragraphs:
            assert paragraph in shown.text
    again = client.get(f"{home}/notice")
    assert notice.title in again.text
    assert notice.version[:8] in again.text


def test_no_consent_is_asked_for(world: World, client: AsgiClient) -> None:
    """The ground is the exam's, not a tick: the notice has one form with one button and no field."""
    page = client.get(invitation(world, world.session())).text
    assert "<input" not in page
    assert page.count("<form") == page.count("<button") == 1


@pytest.mark.promise("P18")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_the_language_that_was_chosen(
    world: World, client: AsgiClient, language: str
) -> None:
    """A link chooses, a cookie remembers; the page says which language it is in."""
    session = world.admitted()
    for path in ("", "/exam", "/recording"):
        page = client.get(f"{invitation(world, session)}{path}?lang={language}")
        assert f'<html lang="{language}"' in page.text
        assert f"language={language}" in page.headers["set-cookie"]
        remembered = client.get(
            f"{invitation(world, session)}{path}", headers={"cookie": f"language={language}"}
        )
        assert f'<html lang="{language}"' in remembered.text


@pytest.mark.parametrize(
    ("registered", "browser", "expected"),
    [("nl", "fr", "nl"), ("en", "nl-BE,nl;q=0.9,en;q=0.8", "nl"), ("en", "it", "en"), ("de", "", "de")],
)
def test_without_a_choice_it_is_the_candidate_s_own(
    world: World, client: AsgiClient, registered: str, browser: str, expected: str
) -> None:
    """The registered language; where that is only the default, the browser's."""
    with world.core.db.begin() as db:
        session = sessions.create(
            db, world.core, sessions.CANDIDATE, world.exam().id, "C-2", language=registered
        )
    page = client.get(invitation(world, session), headers={"accept-language": browser})
    assert f'<html lang="{expected}"' in page.text


@pytest.mark.parametrize(
    "streams", [(Stream.WEBCAM,), (Stream.SCREEN,), (Stream.WEBCAM, Stream.SCREEN), tuple(Stream)]
)
def test_steps_of_what_is_not_recorded_do_not_exist(
    world: World, client: AsgiClient, streams: tuple[Stream, ...]
) -> None:
    """No step, no row and no token for a stream outside the exam's profile."""
    session = world.admitted(world.exam(streams=streams))
    page = client.get(f"{invitation(world, session)}/exam").text
    steps = {"webcam": "camera", "phone": "phone", "screen": "screen"}
    for stream in Stream:
        assert (f'data-step="{steps[stream]}"' in page) == (stream in streams)
        assert (f'data-row="{stream}"' in page) == (stream in streams)
        assert (f"data-token-{stream}" in page) == (stream in streams and stream is not Stream.PHONE)


def test_the_exam_page_hands_out_tokens_of_its_own_streams(world: World, client: AsgiClient) -> None:
    """Each token publishes one stream of this session; the phone's is only on the phone's page."""
    session = world.admitted()
    page = client.get(f"{invitation(world, session)}/exam").text
    for stream in (Stream.WEBCAM, Stream.SCREEN):
        assert world.core.links.ingest(session, stream) in page
    assert world.core.links.ingest(session, Stream.PHONE) not in page
    phone = client.get(f"/p/{world.core.links.phone(session)}").text
    assert world.core.links.ingest(session, Stream.PHONE) in phone


def test_pages_lead_to_where_the_session_stands(world: World, client: AsgiClient) -> None:
    """The exam page before the notice leads to it; every page after the end to the recording's page."""
    invited = invitation(world, world.session())
    assert client.get(f"{invited}/exam").headers["location"] == invited
    ended = invitation(world, world.ended())
    for path in ("", "/exam"):
        assert client.get(f"{ended}{path}").headers["location"] == f"{ended}/recording"


def test_the_code_leads_the_phone_to_its_page(world: World, client: AsgiClient) -> None:
    """An SVG of ours, no foreign service; the same address stands beside it as a link."""
    session = world.admitted()
    code = client.get(f"{invitation(world, session)}/phone.svg")
    assert code.headers["content-type"] == "image/svg+xml"
    assert code.text.startswith("<svg")
    page = client.get(f"{invitation(world, session)}/exam").text
    assert f"http://127.0.0.1/p/{world.core.links.phone(session)}" in page


def test_status_tells_the_phone_from_not_there_to_ready_to_recording(
    world: World, client: AsgiClient
) -> None:
    """What the pages' scripts follow: the phone is ready once it says so, open once a take
    is, and recording once something of it is stored."""
    session = world.admitted()
    home, phone = invitation(world, session), f"/p/{world.core.links.phone(session)}"
    before = client.get(f"{home}/status.json").json()
    assert before["state"] == "admitted"
    assert before["streams"]["phone"] == {
        "open": False,
        "recording": False,
        "storable": True,
        "until": None,
        "ready": False,
    }
    assert client.post(f"{phone}/ready").status_code == 204
    assert client.get(f"{phone}/status.json").json()["streams"]["phone"]["ready"] is True
    world.clock.move(seconds=60)
    assert client.get(f"{home}/status.json").json()["streams"]["phone"]["ready"] is False
    begun = world.begin(session, Stream.PHONE)
    connected = client.get(f"{home}/status.json").json()["streams"]["phone"]
    assert (connected["open"], connected["recording"]) == (True, False)
    world.store(begun, 0, world.clock.unix_ms)
    during = client.get(f"{home}/status.json").json()
    assert during["state"] == "recording"
    assert during["started_at"] is not None
    assert during["streams"]["phone"]["recording"] is True
    assert during["streams"]["webcam"] == {"open": False, "recording": False, "storable": True, "until": None}


def test_pages_are_told_when_nothing_can_be_kept(
    world: World, client: AsgiClient, images: MemoryIdentityRecorder
) -> None:
    """At once: by the process that is asked, and by that which records the session, whichever it is."""
    session = world.admitted()
    home, phone = invitation(world, session), f"/p/{world.core.links.phone(session)}"
    begun = world.begin(session)
    with world.core.db.begin() as db:
        take_owners.note_spool(db, begun.take.id, "spool-1")

    def kept() -> set[bool]:
        return {client.get(f"{page}/status.json").json()["kept"] for page in (home, phone)}

    assert kept() == {True}
    images.full = True
    assert kept() == {False}
    images.full = False
    for trouble in (Trouble.DISK_FULL, None):
        with world.core.db.begin() as db:
            spools.tell(db, world.core, "spool-1", Told(trouble, 0, 0))
        assert kept() == {trouble is None}
    streams = client.get(f"{home}/status.json").json()["streams"]
    assert streams["webcam"]["open"]


def test_finishing_ends_the_session_and_may_be_repeated(world: World, client: AsgiClient) -> None:
    """A page that lost the answer says it again without harm."""
    session = world.admitted()
    world.record(session)
    for _ in range(2):
        assert client.post(f"{invitation(world, session)}/finish").status_code == 204
    assert row(world, session).state == SessionState.ENDED


def test_a_recording_session_can_be_entered_again(world: World, client: AsgiClient) -> None:
    """After a reload: the notice leads back without being given twice."""
    session = world.admitted()
    world.begin(session)
    home = invitation(world, session)
    assert f'href="{home}/exam"' in client.get(home).text
    version = row(world, session).notice_version
    assert client.post(f"{home}/admit").status_code == 303
    assert row(world, session).notice_version == version


@pytest.mark.parametrize("path", ["", "/exam", "/status.json", "/phone.svg", "/recording", "/notice"])
def test_a_forged_link_opens_nothing(world: World, client: AsgiClient, path: str) -> None:
    """A link of another kind, or an altered one, is refused with what to do."""
    session = world.admitted()
    genuine = world.core.links.invitation(session)
    for forged in (world.core.links.phone(session), genuine[:-2] + "xx", "nonsense"):
        answer = client.get(f"/c/{forged}{path}")
        assert answer.status_code == 401
        assert json.loads(answer.text)["remedy"]


def test_an_exam_without_a_phone_has_no_phone_page(world: World, client: AsgiClient) -> None:
    """Even for a token that was once made."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    assert client.get(f"/p/{world.core.links.phone(session)}").status_code == 404


@pytest.mark.parametrize("path", ["", "/exam", "/recording"])
def test_pages_carry_no_inline_script_or_style(world: World, client: AsgiClient, path: str) -> None:
    """The content-security policy forbids them; and nothing is loaded from elsewhere (P15)."""
    page = client.get(f"{invitation(world, world.admitted())}{path}").text
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert all(' src="/' in tag for tag in page.split("<script")[1:])
    for tag in page.split("<link")[1:]:
        assert ' href="/' in tag.split(">")[0]
