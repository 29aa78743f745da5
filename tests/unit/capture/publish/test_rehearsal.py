"""A rehearsal counts what arrives and keeps nothing."""

import asyncio

import pytest
from sqlalchemy import text

from capture.publish import rehearsal
from capture.publish.rehearsal import ForgetfulRecorder
from capture.recorder import MediaSegment
from proctoring.errors import TokenRefused, WrongState
from proctoring.exams.model import Stream
from proctoring.proofs.tables import METADATA
from proctoring.recordings.model import EndCause
from tests.support.world import World

PICTURE = b"a face that nobody may keep"


def rows(world: World) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with world.core.db.read() as db:
        return {
            name: [tuple(row) for row in db.execute(text(f"select * from {name}"))]
            for name in METADATA.tables
        }


@pytest.mark.promise("P18")
def test_nothing_of_it_is_kept(world: World) -> None:
    """No row of any table changes, no object, no file; the memory of it goes with its end."""
    session = world.session()
    token = world.core.links.rehearsal(session, Stream.WEBCAM)
    before = rows(world)
    recorder = ForgetfulRecorder(world.core)

    async def scenario() -> None:
        grant = await recorder.admit(token)
        take = await recorder.begin(grant, "video/webm", world.clock.unix_ms)
        for seq in range(3):
            await recorder.store(take, MediaSegment(seq, 0, 4000, PICTURE))
        heard = recorder.heard(session.id)
        assert heard is not None
        assert (heard.segments, heard.bytes) == (3, 3 * len(PICTURE))
        assert PICTURE not in repr(vars(recorder)).encode()
        await recorder.end(take, EndCause.STOPPED, 0)
        assert recorder.heard(session.id) is None

    asyncio.run(scenario())
    assert rows(world) == before
    kept = [file for file in world.folder.rglob("*") if file.is_file()]
    assert not [file for file in kept if PICTURE in file.read_bytes()]


def test_only_a_rehearsal_s_token_opens_one_and_it_records_nothing(world: World) -> None:
    """An ingest token rehearses nothing, a rehearsal's token publishes nothing that counts."""
    session = world.session()
    links = world.core.links
    recorder = ForgetfulRecorder(world.core)
    with pytest.raises(TokenRefused):
        asyncio.run(recorder.admit(links.ingest(session, Stream.WEBCAM)))
    with pytest.raises(TokenRefused):
        links.read_ingest(links.rehearsal(session, Stream.WEBCAM))


def test_once_the_exam_has_begun_there_is_nothing_to_rehearse(world: World) -> None:
    """Recording or over: refused, so that nobody believes a rehearsal to be the exam."""
    recorder = ForgetfulRecorder(world.core)
    exam = world.exam(streams=(Stream.WEBCAM,))
    running = world.admitted(exam)
    world.begin(running)
    for session in (running, world.ended(exam)):
        with pytest.raises(WrongState):
            asyncio.run(recorder.admit(world.core.links.rehearsal(session, Stream.WEBCAM)))


def test_it_ends_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After REHEARSAL_S_MAX the registry is told to end it."""
    session = world.session()
    recorder = ForgetfulRecorder(world.core)

    async def scenario() -> set[str]:
        grant = await recorder.admit(world.core.links.rehearsal(session, Stream.WEBCAM))
        await recorder.begin(grant, "video/webm", 0)
        assert await recorder.ended({session.id}) == set()
        monkeypatch.setattr(rehearsal, "REHEARSAL_S_MAX", -1.0)
        return await recorder.ended({session.id, "another"})

    assert asyncio.run(scenario()) == {session.id}
