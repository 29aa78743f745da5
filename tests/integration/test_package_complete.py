"""A package is complete or fails by name: whatever is left out of it, with every sum made right and signed
anew."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import update

from proctoring.casework import identity_answers
from proctoring.casework.flagging import add_flag
from proctoring.errors import Conflict
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.flags.model import Category, Severity
from proctoring.flags.rows import FlagRow
from proctoring.recordings import ending
from proctoring.sessions.model import Session
from storage.package import bag
from storage.package.facts import Extract, Package, StreamHead
from storage.package.report import Report
from storage.package.verify import verify
from storage.package.verify_complete import check_complete
from tests.support.logs import answer, event, write
from tests.support.packages import copied, edit, export, reseal
from tests.support.world import ADMIN, REGULATION, SEGMENT_MS, World

KINDS = ("activity", "answers", "identity", "webcam")
NOTE = "somebody else's voice"
Change = Callable[[Any], None]


class Made(NamedTuple):
    world: World
    session: Session
    package: Path


def recorded(world: World) -> Session:
    """A card, both logs, and a webcam that came back once: two takes. Somebody raised a flag."""
    profile = CaptureProfile((Stream.WEBCAM,), identity_copy=True, activity_log=True, answers_log=True)
    with world.core.db.begin() as db:
        exam = exams.create(db, world.core, ADMIN, "Module 2", regulation=REGULATION, profile=profile)
    session = world.admitted(exam)
    world.send_card(session)
    world.record(session)
    write(world, session, "activity", [event(world.clock(), "paste", chars=48)])
    write(world, session, "answers", [answer(world.clock(), "forty-two")])
    world.clock.move(seconds=30)
    world.record(session)
    world.clock.move(seconds=3 * SEGMENT_MS // 1000)
    with world.core.db.begin() as db:
        add_flag(
            db,
            world.core,
            ADMIN,
            session.id,
            start_ms=0,
            end_ms=10,
            category=Category.OTHER,
            severity=Severity.MINOR,
            note=NOTE,
        )
        return ending.finish(db, world.core, session.id)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("complete")
    world = World(folder)
    session = recorded(world)
    export(world, session, folder / "package")
    yield Made(world, session, folder / "package")
    world.core.db.close()


def failures(made: Made, package: Path) -> set[tuple[str, str]]:
    reseal(package, made.world.signer)
    return verify(package, made.world.signer.public).reasons()


def leave_out(package: Path, kind: str) -> str:
    """A stream with all of its files; its unit."""
    units = {}

    def drop(facts: dict[str, Any]) -> None:
        units.update({one["kind"]: one["unit"] for one in facts["streams"]})
        facts["streams"] = [one for one in facts["streams"] if one["kind"] != kind]

    edit(package, bag.PACKAGE, drop)
    shutil.rmtree(package / "data" / kind)
    return str(units[kind])


def forget(package: Path, about: Callable[[dict[str, Any]], bool]) -> None:
    """Entries of the extract, each with its proof."""

    def drop(extract: dict[str, Any]) -> None:
        kept = [at for at, entry in enumerate(extract["entries"]) if not about(entry)]
        extract["entries"] = [extract["entries"][at] for at in kept]
        extract["paths"] = [extract["paths"][at] for at in kept]

    edit(package, bag.CUSTODY, drop)


@pytest.mark.promise("P13")
def test_a_whole_package_says_that_it_is_whole(made: Made) -> None:
    """Every unit, every entry, and the words with their salts: the flag's note among them."""
    report = verify(made.package, made.world.signer.public)
    assert report.ok
    said = {check.code: check for check in report.checks}
    assert said["package.complete"].detail == "4 streams"
    assert said["custody.complete"].passed
    assert said["custody.openings"].passed
    opened = json.loads((made.package / bag.OPENINGS).read_bytes())["openings"]
    assert NOTE in {one["value"] for one in opened}
    assert {one["table"] for one in opened} == {"flags", "sessions"}


@pytest.mark.promise("P13")
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_a_log_or_a_card_that_is_left_out_is_missed(made: Made, tmp_path: Path, kind: str) -> None:
    """By the entry that began it; where that is left out too, by the export's own count."""
    package = copied(made.package, tmp_path / kind)
    unit = leave_out(package, kind)
    assert failures(made, package) == {("package.complete", "missing-stream")}
    forget(package, lambda entry: entry["unit"] == unit)
    assert failures(made, package) == {("custody.complete", "missing-entries")}


@pytest.mark.promise("P13")
def test_a_take_that_is_left_out_is_missed(made: Made, tmp_path: Path) -> None:
    """The last one of the webcam, with its segments, key, checkpoints and entries: nothing contradicts
    itself."""
    package = copied(made.package, tmp_path / "take")
    path = "data/webcam/manifest.json"
    manifest = json.loads((package / path).read_bytes())
    last = manifest["leaves"][-1]["take"]
    count = sum(1 for leaf in manifest["leaves"] if leaf["take"] != last)
    for name in ("sealed", "media"):
        for file in sorted((package / "data/webcam" / name).iterdir())[count:]:
            file.unlink()

    def shorten(facts: dict[str, Any]) -> None:
        facts["leaves"] = facts["leaves"][:count]
        del facts["takes"][last]

    edit(package, path, shorten)
    lines = (package / "data/webcam/playlist.m3u").read_text().splitlines(keepends=True)
    (package / "data/webcam/playlist.m3u").write_text("".join(lines[: count + 1]))
    assert ("takes.entered", "tail-cut") in failures(made, package)
    forget(package, lambda entry: entry["detail"].get("take") == last)
    assert ("custody.complete", "missing-entries") in failures(made, package)


@pytest.mark.promise("P13")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda o: o["openings"].pop(), "missing-openings"),
        (lambda o: o["openings"].append(o["openings"][0]), "repeated"),
        (lambda o: o["openings"][0].update(value="he was alone"), "wrong-opening"),
        (lambda o: o["openings"][0].update(salt="0" * 32), "wrong-opening"),
        (lambda o: o["openings"][0].update(row="a" * 16), "wrong-opening"),
        (lambda o: o["openings"][0].update(value=[1]), "wrong-type"),
        (lambda o: o["openings"][0].update(more=1), "unknown-field"),
        (lambda o: o.update(v=2), "unknown-version"),
        (lambda o: o.update(openings=None), "wrong-type"),
    ],
)
def test_words_are_those_that_the_ledger_committed_to(
    made: Made, tmp_path: Path, change: Change, reason: str
) -> None:
    """None is missing, none is other, none is there twice."""
    package = copied(made.package, tmp_path / "words")
    edit(package, bag.OPENINGS, change)
    assert failures(made, package) == {("custody.openings", reason)}


def test_words_cannot_be_left_out_as_a_whole(made: Made, tmp_path: Path) -> None:
    package = copied(made.package, tmp_path / "no-words")
    (package / bag.OPENINGS).unlink()
    assert failures(made, package) == {("custody.openings", "missing-openings")}


@pytest.mark.promise("P4")
def test_a_card_that_was_erased_before_is_not_missed(world: World, tmp_path: Path) -> None:
    """Its entry `evidence:erase` says why it is not here."""
    session = recorded(world)
    with world.core.db.begin() as db:
        identity_answers.answer(db, world.core, ADMIN, session.id, confirmed=True, reason="")
    world.clock.move(days=2)
    world.eraser.run()
    package = export(world, session, tmp_path / "package")
    assert [one.kind for one in package.streams] == ["activity", "answers", "webcam"]
    assert verify(tmp_path / "package", world.signer.public).ok


@pytest.mark.promise("P13")
def test_rows_that_contradict_the_ledger_are_in_no_package(world: World, tmp_path: Path) -> None:
    """The export refuses, and names row and column; nothing is written."""
    session = recorded(world)
    with world.core.db.begin() as db:
        db.execute(update(FlagRow).values(note="nothing"))
    with pytest.raises(Conflict, match=r"flags .* note"):
        export(world, session, tmp_path / "package")
    assert not (tmp_path / "package").exists()


def test_a_package_of_an_older_service_is_not_failed_for_what_it_does_not_count(tmp_path: Path) -> None:
    """What is not told is said, and neither passes nor fails; a stream that is missing is missed all the
    same."""
    export_entry: dict[str, Any] = {
        "number": 2,
        "action": "evidence:export",
        "unit": None,
        "detail": {"streams": 1},
    }
    begun = {"number": 1, "action": "take:begin", "unit": "u" * 16, "detail": {"stream": "webcam"}}
    extract = Extract("", (begun, export_entry), (), None, ())
    head = StreamHead("webcam", "u" * 16, 0, "")
    package = Package("p" * 16, "s" * 16, "", "", "", 2, "", (head,))
    report = Report()
    check_complete(report, tmp_path, package, extract, False)
    assert [check.verdict for check in report.checks] == ["PASS", "SKIP", "SKIP"]
    assert "older" in report.checks[1].detail
    report = Report()
    check_complete(report, tmp_path, replace(package, streams=()), extract, False)
    assert report.reasons() == {("package.complete", "missing-stream")}
