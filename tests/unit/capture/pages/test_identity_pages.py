"""The picture of the identity card on its way in: what the pages offer, and what the server takes (P4)."""

import pytest

from capture.identity_recorder import MemoryIdentityRecorder
from capture.pages.identity import IMAGE_BYTES_MAX
from proctoring.exams.model import LANGUAGES, Stream
from proctoring.sessions.model import Session
from tests.support.asgi import AsgiClient
from tests.support.world import World
from tests.unit.capture.media.test_jpeg import COMMENT, jpeg

JPEG = {"content-type": "image/jpeg"}


@pytest.fixture
def session(world: World) -> Session:
    """An admitted candidate of an exam that takes a copy."""
    return world.admitted(world.exam(streams=(Stream.WEBCAM,), identity_copy=True))


def homes(world: World, session: Session) -> tuple[str, str]:
    """The addresses of the candidate's pages and of the phone's."""
    links = world.core.links
    return f"/c/{links.invitation(session)}", f"/p/{links.phone(session)}"


@pytest.mark.promise("P4")
def test_computer_and_phone_hand_the_picture_on(
    world: World, client: AsgiClient, images: MemoryIdentityRecorder, session: Session
) -> None:
    """Stripped of all metadata before anything else sees it."""
    picture = jpeg()
    for home in homes(world, session):
        sent = client.post(f"{home}/identity", content=picture[:2] + COMMENT + picture[2:], headers=JPEG)
        assert sent.status_code == 204
    assert [session_id for session_id, _ in images.kept] == [session.id] * 2
    assert all(b"secret" not in kept for _, kept in images.kept)


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"\xff\xd8 nothing", "image/jpeg", 422),
        (b"\x89PNG", "image/png", 415),
        (b"", "image/jpeg", 422),
        (jpeg() + bytes(IMAGE_BYTES_MAX), "image/jpeg", 413),
    ],
)
def test_anything_else_is_refused(
    world: World,
    client: AsgiClient,
    images: MemoryIdentityRecorder,
    session: Session,
    content: bytes,
    media_type: str,
    status: int,
) -> None:
    """With what to do, and nothing kept."""
    home, _ = homes(world, session)
    answer = client.post(f"{home}/identity", content=content, headers={"content-type": media_type})
    assert answer.status_code == status
    assert answer.json()["remedy"]
    assert images.kept == []


def test_a_forged_link_sends_nothing(
    world: World, client: AsgiClient, images: MemoryIdentityRecorder, session: Session
) -> None:
    """An invitation is no phone's link, nor the other way."""
    home, phone = homes(world, session)
    for path in (home.replace("/c/", "/p/"), phone.replace("/p/", "/c/")):
        assert client.post(f"{path}/identity", content=jpeg(), headers=JPEG).status_code == 401
    assert images.kept == []


@pytest.mark.promise("P18")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_step_exists_where_the_exam_takes_a_copy(
    world: World, client: AsgiClient, session: Session, language: str
) -> None:
    """In the notice, among the steps and on the phone; elsewhere none of it."""
    home, phone = homes(world, session)
    assert 'data-step-name="identity"' in client.get(f"{home}?lang={language}").text
    page = client.get(f"{home}/exam?lang={language}").text
    assert 'data-step="identity"' in page
    assert f"http://127.0.0.1{phone}/identity" in page
    assert client.get(f"{home}/identity.svg").text.startswith("<svg")
    assert f'data-send="{phone}/identity"' in client.get(f"{phone}/identity?lang={language}").text
    other, other_phone = homes(world, world.admitted(world.exam(streams=(Stream.WEBCAM,))))
    page = client.get(f"{other}/exam?lang={language}").text
    for part in ("/identity", "data-identity", "data-card", 'data-step="identity"'):
        assert part not in page
    assert client.get(f"{other_phone}/identity").status_code == 404


def test_status_and_own_page_tell_what_arrived(world: World, client: AsgiClient, session: Session) -> None:
    """The computer's page follows the phone; the candidate reads what is kept of the card."""
    home, _ = homes(world, session)
    assert client.get(f"{home}/status.json").json()["identity_images"] == 0
    world.send_card(session)
    assert client.get(f"{home}/status.json").json()["identity_images"] == 1
    assert client.post(f"{home}/finish").status_code == 204
    own = client.get(f"{home}/recording?lang=en").text
    assert "Identity card" in own
    assert "Nothing of the exam was recorded. What you sent before it stands below." in own
