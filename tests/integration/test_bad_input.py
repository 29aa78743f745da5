"""Bad input to the ingest of a running service: a problem that says what to do, and no harm done."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from capture.publish.whip import SDP_BYTES_MAX
from proctoring.clock import system_clock
from proctoring.exams.model import Stream
from proctoring.links import Links
from proctoring.sessions.model import Session, SessionState
from tests.support.service import Service
from tests.unit.capture.offers import audio, offer, video

SDP = {"Content-Type": "application/sdp"}
OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("bad") / "data").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def invited(service: Service) -> dict[str, Any]:
    return service.invite("--streams", "webcam,screen")


def bearer(token: str) -> dict[str, str]:
    return SDP | {"Authorization": f"Bearer {token}"}


def signed_token(service: Service, session_id: str, hours: int) -> str:
    """A token of the service's own making whose window closes in `hours`."""
    now = system_clock()
    session = Session(
        session_id, "x", "x", SessionState.INVITED, "en", now, now + timedelta(hours=hours), None, None
    )
    secret = (service.data / "keys" / "links" / "links.key").read_bytes()
    return Links(secret, system_clock).ingest(session, Stream.WEBCAM)


def refused(service: Service, status: int, headers: dict[str, str], body: str | bytes) -> dict[str, Any]:
    """The problem that a POST is answered with."""
    answer = httpx2.post(f"{service.url}/whip", headers=headers, content=body, timeout=30)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["detail"]
    assert problem["remedy"]
    return problem


def test_garbage_and_oversized_offers(service: Service, invited: dict[str, Any]) -> None:
    """Nothing but an SDP offer of sane size is looked at."""
    token = invited["tokens"]["webcam"]
    for garbage in (b"", b"\x00\xff" * 100, b"hello", OFFER.encode(), b"v=0\r\n" * 1000):
        answer = httpx2.post(f"{service.url}/whip", headers=bearer(token), content=garbage)
        assert answer.status_code in (400, 422), answer.text
        assert answer.json()["remedy"]
    refused(service, 413, bearer(token), b"v=0\r\n" + b"a" * SDP_BYTES_MAX)
    refused(service, 415, {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}, OFFER)


@pytest.mark.promise("P12")
def test_wrong_expired_and_foreign_tokens(service: Service, invited: dict[str, Any]) -> None:
    """No token, a made-up one, an expired one, an invitation used as one: 401, all of them."""
    refused(service, 401, SDP, OFFER)
    invitation = invited["candidate_url"].rsplit("/", 1)[1]
    for token in ("guess", "a.b", invitation, signed_token(service, invited["session_id"], -1)):
        refused(service, 401, bearer(token), OFFER)


def test_a_session_that_does_not_exist(service: Service) -> None:
    """A well-signed token for an unknown session finds nothing."""
    refused(service, 404, bearer(signed_token(service, "nosuchsession234", 1)), OFFER)


def test_a_finished_session_takes_nothing_more(service: Service) -> None:
    """Its token is refused with what to do."""
    done = service.invite()
    service.run("session", "finish", done["session_id"])
    refused(service, 409, bearer(done["tokens"]["webcam"]), OFFER)


def test_a_token_is_for_one_stream_of_one_session(service: Service, invited: dict[str, Any]) -> None:
    """A webcam's ingest answers to the token that opened it and to no other: the screen's, another
    session's, or none."""
    published = httpx2.post(
        f"{service.url}/whip", headers=bearer(invited["tokens"]["webcam"]), content=offer(audio(), video())
    )
    assert published.status_code == 201, published.text
    ingest = service.url + published.headers["location"]
    other = service.invite()
    for token in (invited["tokens"]["screen"], other["tokens"]["webcam"], "guess"):
        for method in ("DELETE", "PATCH"):
            headers = bearer(token) | {"Content-Type": "application/trickle-ice-sdpfrag"}
            assert httpx2.request(method, ingest, headers=headers).status_code == 401
    assert httpx2.delete(ingest).status_code == 401
    assert httpx2.delete(ingest, headers=bearer(invited["tokens"]["webcam"])).status_code == 200


def test_methods_that_an_endpoint_does_not_have(service: Service) -> None:
    """RFC 9725: GET, HEAD and PUT are answered 405 with the methods that are allowed."""
    for method in ("GET", "HEAD", "PUT"):
        answer = httpx2.request(method, f"{service.url}/whip")
        assert answer.status_code == 405
        assert "POST" in answer.headers["allow"]


def test_after_all_that_nothing_is_stored_and_the_service_works(
    service: Service, invited: dict[str, Any]
) -> None:
    """No object, no take; the log names no token; a candidate can still be recorded."""
    assert not [file for file in (service.data / "objects").rglob("*") if file.is_file()]
    shown = service.run("session", "show", invited["session_id"])
    assert all(stream["takes"] == 0 for stream in shown["streams"])
    log = service.log.read_text()
    assert invited["tokens"]["webcam"] not in log
    assert service.run("simulate", "--seconds", "5")["failures"] == []
