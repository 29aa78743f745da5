"""The WHIP endpoint's contract, RFC 9725, over HTTP: what it answers to good, bad and hostile requests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from capture.publish import whip
from capture.publish.ice import IceServer
from capture.publish.ingests import Ingests
from capture.recorder import Grant, MemoryRecorder
from proctoring.exams.model import Stream
from proctoring.web import problems
from tests.unit.capture import offers

OFFER = offers.offer(offers.video(), offers.audio())
SDP = {"Content-Type": "application/sdp"}
BEARER = {"Authorization": "Bearer webcam"}
GOOD = SDP | BEARER
TRICKLE = BEARER | {"Content-Type": "application/trickle-ice-sdpfrag"}
CANDIDATE = "a=candidate:1 1 udp 1 127.0.0.1 5000 typ host\r\n"
SERVERS = (IceServer("stun:stun.example.org"), IceServer("turn:turn.example.org?transport=udp", "u", 'p"w'))

Client = httpx2.AsyncClient
Scenario = Callable[[Client, Ingests, MemoryRecorder], Awaitable[None]]


def serve(scenario: Scenario, **options: Any) -> None:
    """Runs a scenario against a fresh endpoint; closes every ingest afterwards."""

    async def run() -> None:
        grants = {stream.value: Grant("session-1", stream) for stream in Stream}
        recorder = MemoryRecorder(grants | {"over": Grant("session-2", Stream.WEBCAM)})
        recorder.over.add("session-2")
        ingests = Ingests(recorder, addresses=["127.0.0.1"], ice_servers=SERVERS, **options)
        app = FastAPI()
        problems.install(app)
        app.include_router(whip.routes(ingests))
        transport = httpx2.ASGITransport(app)
        await ingests.start()
        try:
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
                await scenario(client, ingests, recorder)
        finally:
            await ingests.close()
        assert len(ingests) == 0

    asyncio.run(run())


def check_problem(response: httpx2.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["detail"]
    assert body["remedy"]
    assert response.headers["access-control-allow-origin"] == "*"


def test_an_offer_without_a_good_token_is_not_read() -> None:
    """The token is looked at before the first byte of the body, whatever its size."""

    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("the body is read")
        yield b""

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        for headers in ({"Authorization": "Bearer wrong"}, {}):
            answer = await client.post("/whip", content=endless(), headers=GOOD | headers if headers else {})
            check_problem(answer, 401)

    serve(scenario)


def test_an_offer_is_answered() -> None:
    """201 with the answer, the resource's address and ETag, and the ICE servers (sections 4.2 and 4.6)."""

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        response = await client.post("/whip", content=OFFER, headers=GOOD)
        assert response.status_code == 201
        assert response.headers["content-type"].startswith("application/sdp")
        assert response.headers["location"].startswith("/whip/")
        assert len(response.headers["location"]) > 20
        assert response.headers["etag"].startswith('"')
        assert response.headers.get_list("link") == [
            '<stun:stun.example.org>; rel="ice-server"',
            '<turn:turn.example.org?transport=udp>; rel="ice-server"; username="u"; credential="p\\"w"; '
            'credential-type="password"',
        ]
        answer = response.text
        assert answer.count("a=recvonly") == 2
        assert "a=sendonly" not in answer
        assert "127.0.0.1" in answer
        assert "a=rtpmap:102 H264/90000" in answer
        assert "profile-level-id=64001f" in answer
        assert "VP8" not in answer
        gone = await client.delete(response.headers["location"], headers=BEARER)
        assert gone.status_code == 200
        check_problem(await client.delete(response.headers["location"], headers=BEARER), 404)
        assert recorder.takes == {}

    serve(scenario)


BAD_POSTS: dict[str, tuple[str | bytes, dict[str, str], int]] = {
    "no token": (OFFER, SDP, 401),
    "empty token": (OFFER, SDP | {"Authorization": "Bearer "}, 401),
    "other scheme": (OFFER, SDP | {"Authorization": "Basic d2ViY2Ft"}, 401),
    "unknown token": (OFFER, SDP | {"Authorization": "Bearer nobody"}, 401),
    "finished session": (OFFER, SDP | {"Authorization": "Bearer over"}, 409),
    "unknown token and garbage": ("garbage", SDP | {"Authorization": "Bearer nobody"}, 401),
    "no content type": (OFFER, BEARER, 415),
    "wrong content type": (OFFER, BEARER | {"Content-Type": "application/json"}, 415),
    "empty": ("", GOOD, 400),
    "garbage": ("garbage", GOOD, 400),
    "binary": (b"\xff\xfe\x00", GOOD, 400),
    "truncated": (OFFER[: OFFER.index("a=fingerprint")], GOOD, 400),
    "oversized": ("v=0\r\n" * whip.SDP_BYTES_MAX, GOOD, 413),
    "data channel only": (offers.offer(offers.data_channel()), GOOD, 422),
    "no video": (offers.offer(offers.audio()), GOOD, 422),
    "unknown codec": (offers.offer(offers.section("video", "98", ["a=rtpmap:98 VP9/90000"], "0")), GOOD, 422),
    "library stumbles": (OFFER.replace("a=mid:1", "a=extmap:x y z"), GOOD, 400),
}


@pytest.mark.parametrize("name", BAD_POSTS)
def test_a_bad_post_is_a_problem_and_leaves_nothing(name: str) -> None:
    """Each says what to do; no take, no ingest, and the next good offer is answered."""
    content, headers, status = BAD_POSTS[name]

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        response = await client.post("/whip", content=content, headers=headers)
        check_problem(response, status)
        if status == 401:
            assert response.headers["www-authenticate"].startswith("Bearer")
        assert recorder.takes == {}
        assert (await client.post("/whip", content=OFFER, headers=GOOD)).status_code == 201

    serve(scenario)


def test_trickle_and_its_preconditions() -> None:
    """204 for candidates; 428 without, 412 with another ETag; restarts are refused with 422 (section 4.3)."""

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        created = await client.post("/whip", content=OFFER, headers=GOOD)
        url, match = created.headers["location"], {"If-Match": created.headers["etag"]}
        ours = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
        good = await client.patch(url, content=ours + CANDIDATE, headers=TRICKLE | match)
        assert (good.status_code, good.content) == (204, b"")
        end = await client.patch(url, content=ours + "a=end-of-candidates\r\n", headers=TRICKLE | match)
        assert end.status_code == 204
        hostname = CANDIDATE.replace("127.0.0.1", "a.local")
        assert (await client.patch(url, content=hostname, headers=TRICKLE | match)).status_code == 204
        check_problem(await client.patch(url, content=CANDIDATE, headers=TRICKLE), 428)
        check_problem(
            await client.patch(url, content=CANDIDATE, headers=TRICKLE | {"If-Match": '"other"'}), 412
        )
        restart = ours.replace("abcd", "efgh", 1)
        check_problem(await client.patch(url, content=restart, headers=TRICKLE | {"If-Match": "*"}), 422)
        check_problem(await client.patch(url, content=restart, headers=TRICKLE | match), 422)
        check_problem(await client.patch(url, content="garbage", headers=TRICKLE | match), 400)
        check_problem(await client.patch(url, content=CANDIDATE, headers=BEARER | match | SDP), 415)
        large = CANDIDATE * whip.FRAGMENT_BYTES_MAX
        check_problem(await client.patch(url, content=large, headers=TRICKLE | match), 413)
        other = TRICKLE | match | {"Authorization": "Bearer screen"}
        check_problem(await client.patch(url, content=CANDIDATE, headers=other), 401)
        check_problem(await client.patch("/whip/unknown", content=CANDIDATE, headers=TRICKLE | match), 404)
        for _ in range(whip.PATCHES_MAX):
            last = await client.patch(url, content=CANDIDATE, headers=TRICKLE | match)
        check_problem(last, 429)

    serve(scenario)


def test_only_its_own_token_ends_an_ingest() -> None:
    """DELETE needs the token of the POST; a cause that is not known is refused and ends nothing."""

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        url = (await client.post("/whip", content=OFFER, headers=GOOD)).headers["location"]
        check_problem(await client.delete(url), 401)
        check_problem(await client.delete(url, headers={"Authorization": "Bearer screen"}), 401)
        check_problem(await client.delete(url + "?cause=session-ended", headers=BEARER), 400)
        assert len(ingests) == 1
        assert (await client.delete(url + "?cause=sharing-ended", headers=BEARER)).status_code == 200

    serve(scenario)


@pytest.mark.parametrize(
    ("path", "refused", "allowed"),
    [
        ("/whip", ["GET", "PUT", "PATCH", "DELETE"], "POST, OPTIONS"),
        ("/whip/x", ["GET", "PUT", "POST"], "PATCH, DELETE, OPTIONS"),
    ],
)
def test_other_methods_are_refused(path: str, refused: list[str], allowed: str) -> None:
    """405 with Allow (section 4.1); HEAD too, which has no body to explain itself."""

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        for method in refused:
            response = await client.request(method, path, headers=GOOD)
            check_problem(response, 405)
            assert response.headers["allow"] == allowed
        head = await client.head(path)
        assert (head.status_code, head.headers["allow"]) == (405, allowed)

    serve(scenario)


def test_browsers_of_any_origin_may_ask() -> None:
    """The preflight needs no token and allows what WHIP uses; the endpoint says what it takes."""

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        origin = {"Origin": "https://lms.example.org", "Access-Control-Request-Method": "POST"}
        response = await client.options("/whip", headers=origin)
        assert response.status_code == 204
        assert response.headers["accept-post"] == "application/sdp"
        assert response.headers["access-control-allow-origin"] == "*"
        assert "POST" in response.headers["access-control-allow-methods"]
        allowed = response.headers["access-control-allow-headers"].lower()
        assert all(name in allowed for name in ("authorization", "content-type", "if-match"))
        assert "access-control-allow-credentials" not in response.headers
        one = await client.options("/whip/x", headers=origin)
        assert "DELETE" in one.headers["access-control-allow-methods"]
        created = await client.post("/whip", content=OFFER, headers=GOOD | origin)
        exposed = created.headers["access-control-expose-headers"].lower()
        assert all(name in exposed for name in ("location", "etag", "link"))

    serve(scenario)


def test_a_full_server_says_when_to_try_again() -> None:
    """503 with Retry-After; a stream that is being recorded may still reconnect."""

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        assert (await client.post("/whip", content=OFFER, headers=GOOD)).status_code == 201
        full = await client.post("/whip", content=OFFER, headers=SDP | {"Authorization": "Bearer screen"})
        check_problem(full, 503)
        assert int(full.headers["retry-after"]) > 0
        assert (await client.post("/whip", content=OFFER, headers=GOOD)).status_code == 201

    serve(scenario, ingests_max=1)


def test_a_new_post_takes_the_place_of_the_old() -> None:
    """One ingest per session and stream: the old resource is gone once its take has ended."""

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        first = await client.post("/whip", content=OFFER, headers=GOOD)
        ingest = ingests.find(first.headers["location"].removeprefix("/whip/"), "webcam")
        assert ingest is not None
        second = await client.post("/whip", content=OFFER, headers=GOOD)
        assert second.headers["location"] != first.headers["location"]
        await ingest.ended.wait()
        await asyncio.sleep(0)
        check_problem(await client.delete(first.headers["location"], headers=BEARER), 404)
        assert (await client.delete(second.headers["location"], headers=BEARER)).status_code == 200

    serve(scenario)


def test_an_offer_that_cannot_be_answered_ends_nothing() -> None:
    """A running ingest is replaced by a working one only."""

    async def scenario(client: Client, ingests: Ingests, recorder: MemoryRecorder) -> None:
        first = await client.post("/whip", content=OFFER, headers=GOOD)
        garbled = OFFER.replace("a=mid:1", "a=extmap:x y z")
        check_problem(await client.post("/whip", content=garbled, headers=GOOD), 400)
        assert (await client.delete(first.headers["location"], headers=BEARER)).status_code == 200

    serve(scenario)
