"""The endpoint for events: who may send, at what pace, and what is refused."""

import asyncio

import pytest

from capture.logs.keeper import BATCH_EVERY_S, BATCHES_AT_ONCE_MAX
from proctoring.errors import TokenRefused
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.recordings.events import BATCH_BYTES_MAX, Log
from tests.support.logs import answer, event, exam_with_logs
from tests.support.world import World
from tests.unit.capture.logs.stage import stage


@pytest.mark.promise("P6")
def test_no_token_that_a_page_holds_adds_an_answer(world: World) -> None:
    """Events token, every ingest token, invitation, phone and rehearsal: refused, and nothing is stored. The
    answers token adds no activity and publishes nothing."""

    async def scenario() -> None:
        async with stage(world) as on:
            links, mine = world.core.links, on.session
            answered = [answer(world.clock(), "forty-two")]
            streams = [links.ingest(mine, stream) for stream in Stream]
            for token in (links.events(mine), *streams):
                refused = await on.send(answered, "answers", token=token)
                assert refused.status_code == 403
                assert "answers token" in refused.json()["remedy"]
            for token in (links.invitation(mine), links.phone(mine), links.rehearsal(mine, Stream.WEBCAM)):
                assert (await on.send(answered, "answers", token=token)).status_code == 401
            platform = links.answers(mine)
            assert (await on.send([event(world.clock())], token=platform)).status_code == 403
            for read in (links.read_ingest, links.read_events, links.read_invitation, links.read_phone):
                with pytest.raises(TokenRefused):
                    read(platform)
            assert (on.entries(), on.entries(Log.ANSWERS)) == ([], [])

    asyncio.run(scenario())


def test_batches_come_at_their_pace(world: World) -> None:
    """So many at once, then 429 with when to go on; the other log has its own, and time gives it back."""

    async def scenario() -> None:
        async with stage(world) as on:
            known = event(world.clock())
            codes = [(await on.send([known])).status_code for _ in range(BATCHES_AT_ONCE_MAX + 1)]
            assert codes == [201] * BATCHES_AT_ONCE_MAX + [429]
            refused = await on.send([known])
            assert refused.headers["retry-after"] == "1"
            assert (await on.send([answer(world.clock(), "x")], "answers")).status_code == 201
            on.ticks[0] += BATCH_EVERY_S
            assert (await on.send([known])).status_code == 201
            assert (await on.send([known])).status_code == 429

    asyncio.run(scenario())


def test_a_refusal_says_what_is_wrong_and_stores_nothing(world: World) -> None:
    """No token, another session's, a bad event in the middle, a wrong type, too many bytes."""

    async def scenario() -> None:
        async with stage(world) as on:
            good = event(world.clock())
            assert (await on.send([good], token="")).status_code == 401
            assert (await on.send([good], token="forged")).status_code == 401
            invitation = world.core.links.invitation(on.session)
            assert (await on.send([good], token=invitation)).status_code == 401
            other = world.admitted(exam_with_logs(world))
            refused = await on.send([good], session_id=other.id)
            assert (refused.status_code, refused.json()["title"]) == (401, "Token refused")
            refused = await on.send([good, event(world.clock(), "gaze"), good])
            assert refused.status_code == 422
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.headers["access-control-allow-origin"] == "*"
            assert refused.json()["detail"] == "events[1]: not a known type."
            assert (await on.post(b"{}", type="text/plain")).status_code == 415
            assert (await on.post(b" " * (BATCH_BYTES_MAX + 1))).status_code == 413
            assert on.entries() == []
            assert (await on.send([good])).json() == {"stored": 1, "known": 0}

    asyncio.run(scenario())


def test_an_exam_without_the_log_takes_no_event(world: World) -> None:
    """What the notice does not speak of cannot be recorded, whoever sends it."""

    async def scenario() -> None:
        exam = exam_with_logs(world, CaptureProfile((Stream.WEBCAM,), activity_log=True))
        async with stage(world, world.admitted(exam)) as on:
            refused = await on.send([answer(world.clock(), "x")], "answers")
            assert refused.status_code == 403
            assert refused.json()["detail"] == "This exam keeps no answers log."

    asyncio.run(scenario())


def test_before_the_recording_begins_the_sender_keeps_its_events(world: World) -> None:
    """503 with Retry-After: there is no time line yet, and nothing is lost by sending again."""

    async def scenario() -> None:
        async with stage(world) as on:
            early = world.admitted(exam_with_logs(world))
            token = world.core.links.events(early)
            refused = await on.send([event(world.clock())], session_id=early.id, token=token)
            assert refused.status_code == 503
            assert "retry-after" in refused.headers

    asyncio.run(scenario())


def test_without_a_database_nothing_is_acknowledged(world: World) -> None:
    """The page keeps what it has; the same batch counts once when the database is back."""

    async def scenario() -> None:
        async with stage(world) as on:
            sent = event(world.clock())
            on.faults.database_away = True
            assert (await on.send([sent])).status_code == 503
            on.faults.database_away = False
            assert (await on.send([sent])).json() == {"stored": 1, "known": 0}
            await on.stored(1)

    asyncio.run(scenario())
