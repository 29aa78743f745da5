"""Making an evidence package: who may have one when, and what is written down before a byte leaves."""

from pathlib import Path

import pytest

from proctoring.casework import procedures
from proctoring.custody.model import Action
from proctoring.custody.service import entries
from proctoring.errors import BeingErased, Conflict, CoreError, Denied, Invalid, NotFound
from proctoring.evidence.export import Exporter
from proctoring.exams.model import Stream
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.proofs.words import words_of
from proctoring.recordings import ending
from storage.errors import ObjectMissing, StoreFailed
from storage.objects.store import MemoryObjects
from storage.package.verify import verify
from tests.support.packages import ASKED, OPERATOR, RECIPIENT, checkpoints, export
from tests.support.world import ADMIN, World


@pytest.mark.promise("P12")
def test_the_package_is_entered_before_anything_is_read(world: World, tmp_path: Path) -> None:
    """At the first read of the store the committed ledger names package, recipient and actor."""
    session = world.ended()
    seen: list[tuple[str, object]] = []

    class Watched(MemoryObjects):
        def get(self, key: str) -> bytes:
            with world.core.db.read() as db:
                made = [one for one in entries(db) if one.action is Action.EVIDENCE_EXPORT]
            seen.extend((one.actor, one.detail["recipient"]) for one in made)
            return world.objects.get(key)

    exporter = Exporter(world.core, Watched(), world.opener, world.signer, words_of)
    package = exporter.export(session.id, tmp_path / "package", OPERATOR, RECIPIENT, ASKED)
    assert set(seen) == {(OPERATOR.id, RECIPIENT)}
    assert len(seen) == 3 * len(Stream)
    assert verify(tmp_path / "package").ok
    assert package.recipient == RECIPIENT


def test_the_media_are_those_that_were_recorded(world: World, tmp_path: Path) -> None:
    """Each file plays what was sealed; the playlist has them in order; only the owner can read the folder."""
    begun = world.begin(world.admitted(world.exam(streams=(Stream.WEBCAM,))))
    for seq, media in enumerate((b"first", b"second")):
        world.store(begun, seq, world.clock.unix_ms + seq * 4000, media)
    world.end(begun)
    with world.core.db.begin() as db:
        session = ending.finish(db, world.core, begun.take.session_id)
    export(world, session, tmp_path / "package")
    webcam = tmp_path / "package" / "data" / "webcam"
    names = (webcam / "playlist.m3u").read_text().split()[1:]
    assert [(webcam / name).read_bytes() for name in names] == [b"first", b"second"]
    assert (tmp_path / "package").stat().st_mode & 0o777 == 0o700


def test_an_export_soon_after_the_start_is_as_good_as_any(world: World, tmp_path: Path) -> None:
    """The job has come round before there was anything, and again before the export."""
    assert checkpoints(world, tmp_path / "copy").run() == (0, 0)
    exam = world.exam()
    assert checkpoints(world, tmp_path / "copy").run() == (1, 1)
    export(world, world.ended(exam), tmp_path / "package")


def refused(world: World, session_id: str, folder: Path, kind: type[CoreError]) -> None:
    """Refused, with what to do, nothing left in the folder, and no entry of an export."""
    exporter = Exporter(world.core, world.objects, world.opener, world.signer, words_of)
    with pytest.raises(kind) as refusal:
        exporter.export(session_id, folder, OPERATOR, RECIPIENT, ASKED)
    assert refusal.value.remedy
    assert not folder.exists()
    with world.core.db.read() as db:
        assert Action.EVIDENCE_EXPORT not in {entry.action for entry in entries(db)}


@pytest.mark.promise("P16")
def test_a_restricted_recording_is_not_exported(world: World, tmp_path: Path) -> None:
    """Restriction locks it; released, it can be exported; other holds do not stand in the way."""
    session = world.ended()
    with world.core.db.begin() as db:
        holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, reason="court order")
        hold = holds.place(
            db, world.core, ADMIN, session.id, HoldKind.RESTRICTION, reason="the candidate asked"
        )
    refused(world, session.id, tmp_path / "package", Denied)
    with world.core.db.begin() as db:
        procedures.release(db, world.core, ADMIN, hold.id)
    export(world, session, tmp_path / "package")


@pytest.mark.promise("P7")
def test_what_is_erased_or_still_recording_or_unknown_is_not_exported(world: World, tmp_path: Path) -> None:
    """Each refusal says which it is."""
    recording = world.admitted()
    world.begin(recording)
    refused(world, recording.id, tmp_path / "package", Conflict)
    refused(world, world.session().id, tmp_path / "package", NotFound)
    refused(world, "nobody", tmp_path / "package", NotFound)
    session = world.ended()
    world.clock.move(days=200)
    world.eraser.run()
    refused(world, session.id, tmp_path / "package", BeingErased)


def test_a_package_is_never_written_over_something_else(world: World, tmp_path: Path) -> None:
    """A folder that is there stays as it is; a recipient that could be a name is not taken."""
    session = world.ended()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("mine")
    with pytest.raises(Conflict):
        export(world, session, tmp_path / "there")
    assert (tmp_path / "there" / "file").read_text() == "mine"
    exporter = Exporter(world.core, world.objects, world.opener, world.signer, words_of)
    for recipient in ("Jan Peeters", "", "x" * 81, "a\nb"):
        with pytest.raises(Invalid):
            exporter.export(session.id, tmp_path / "package", OPERATOR, recipient, ASKED)


@pytest.mark.parametrize("fault", [ObjectMissing("gone"), StoreFailed("away")])
def test_a_store_that_fails_half_way_leaves_no_half_package(
    world: World, tmp_path: Path, fault: Exception
) -> None:
    """An object gone is a refusal that says so, a store away an error to try again; nothing plain is left."""
    session = world.ended()

    class Failing(MemoryObjects):
        def get(self, key: str) -> bytes:
            if key.endswith("00000002.pev"):
                raise fault
            return world.objects.get(key)

    exporter = Exporter(world.core, Failing(), world.opener, world.signer, words_of)
    with pytest.raises((Conflict, StoreFailed)):
        exporter.export(session.id, tmp_path / "package", OPERATOR, RECIPIENT, ASKED)
    assert not (tmp_path / "package").exists()


def test_an_altered_object_is_never_handed_out(world: World, tmp_path: Path) -> None:
    """What the store gives is compared with the manifest before a byte is written."""
    session = world.ended()

    class Altering(MemoryObjects):
        def get(self, key: str) -> bytes:
            data = world.objects.get(key)
            return data[:-1] + bytes([data[-1] ^ 1])

    exporter = Exporter(world.core, Altering(), world.opener, world.signer, words_of)
    with pytest.raises(Conflict, match="not the one in the manifest"):
        exporter.export(session.id, tmp_path / "package", OPERATOR, RECIPIENT, ASKED)
