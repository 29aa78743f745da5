"""Time-stamps by a real authority (`openssl ts` on loopback): asked for as the ledger grows, never in the
way, and in a package proof against whoever holds every key of ours."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from proctoring.cli import main
from proctoring.custody.rows import StampRow
from proctoring.exams.model import Stream
from proctoring.proofs.checkpoints import Checkpoints, notes
from proctoring.proofs.stamps import STAMP_INTERVAL, Stamps, failures
from storage.errors import Refused
from storage.package import bag
from storage.package.verify import verify
from storage.proofs import witness
from storage.proofs.checkpoint import LEDGER_ORIGIN, read_checkpoint
from storage.proofs.timestamp import HttpAuthority, Roots, check_timestamp, read_roots
from storage.proofs.witness import StampCopy
from tests.support.packages import copied, edit, export, reseal
from tests.support.service import free_port
from tests.support.tsa import Authority
from tests.support.world import World


class Stage(NamedTuple):
    world: World
    authority: Authority
    job: Checkpoints
    copy: Path

    def stamped(self) -> list[int]:
        with self.world.core.db.read() as db:
            return list(db.scalars(select(StampRow.size).order_by(StampRow.size)))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    world, authority = World(tmp_path), Authority(tmp_path / "tsa", "Test authority")
    with authority.serving() as url:
        stamps = Stamps(world.core, HttpAuthority(url))
        copy = tmp_path / "copy"
        yield Stage(world, authority, Checkpoints(world.core, world.signer, copy, stamps.run), copy)
    world.core.db.close()


def test_the_newest_head_of_the_ledger_is_stamped_at_intervals(stage: Stage) -> None:
    """At once the first time, then when the ledger has grown and STAMP_INTERVAL has passed; each time-stamp
    leaves the host, once, in the same round."""
    stage.world.session()
    assert stage.job.run() == (1, 2)
    assert len(stage.stamped()) == 1
    stage.world.session()
    stage.job.run()
    assert stage.authority.answers == 1
    stage.world.clock.move(seconds=STAMP_INTERVAL.total_seconds())
    stage.job.run()
    stage.world.clock.move(seconds=STAMP_INTERVAL.total_seconds())
    assert stage.job.run() == (0, 0)  # nothing has grown
    assert stage.authority.answers == len(stage.stamped()) == 2
    lines, broken = witness.read(stage.copy)
    stamps = [line for line in lines if isinstance(line, StampCopy)]
    assert (len(lines), broken) == (4, 0)
    roots = read_roots(stage.authority.root)
    for line, size in zip(stamps, stage.stamped(), strict=True):
        assert read_checkpoint(line.note, stage.world.signer.public, LEDGER_ORIGIN).size == size
        at = check_timestamp(base64.b64decode(line.answer), line.note, roots)
        assert abs((datetime.now(UTC) - at).total_seconds()) < 3600


@pytest.mark.parametrize("how", ["away", "nonsense"])
def test_an_authority_that_fails_holds_nothing_up(stage: Stage, how: str) -> None:
    """Checkpoints are made and copied as if there were none; the failure is counted; the next round asks
    again and gets it."""
    stage.world.session()
    stage.authority.broken = True
    job = stage.job
    if how == "away":
        nobody = Stamps(stage.world.core, HttpAuthority(f"http://127.0.0.1:{free_port()}/"))
        job = Checkpoints(stage.world.core, stage.world.signer, stage.copy, nobody.run)
    assert job.run() == (1, 1)
    assert job.run() == (0, 0)
    with stage.world.core.db.read() as db:
        assert failures(db) == 2
        assert len(notes(db, LEDGER_ORIGIN)) == 1
        assert db.scalar(select(func.count()).select_from(StampRow)) == 0
    stage.authority.broken = False
    assert stage.job.run() == (0, 1)
    assert len(stage.stamped()) == 1


class Stamped(NamedTuple):
    """A package with a time-stamp, who gave it, and a second package of the same ledger with a later one."""

    world: World
    package: Path
    later: Path
    bare: Path
    authority: Authority
    other: Authority

    @property
    def roots(self) -> Roots:
        return read_roots(self.authority.root)


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamped]:
    folder = tmp_path_factory.mktemp("stamped")
    world, authority = World(folder), Authority(folder / "tsa", "Test authority")
    exam = world.exam(streams=(Stream.WEBCAM,))
    bare = world.ended(exam)
    export(world, bare, folder / "bare")
    with authority.serving() as url:
        job = Checkpoints(world.core, world.signer, None, Stamps(world.core, HttpAuthority(url)).run)
        for name in ("package", "later"):
            session = world.ended(exam)
            world.clock.move(seconds=STAMP_INTERVAL.total_seconds())
            job.run()
            export(world, session, folder / name)
    other = Authority(folder / "other", "Test authority")
    yield Stamped(world, folder / "package", folder / "later", folder / "bare", authority, other)
    world.core.db.close()


def codes(report_of: Path, roots: Roots | None) -> dict[str, str]:
    return {one.code: one.verdict for one in verify(report_of, roots=roots).checks if "timestamp" in one.code}


@pytest.mark.promise("P13")
def test_a_package_proves_when_it_existed(stamped: Stamped) -> None:
    """With the authority's root every check passes; without it the token is said to be unchecked, and the
    rest of the package proves what it did."""
    report = verify(stamped.package, roots=stamped.roots)
    assert report.ok
    assert any("entries existed at 20" in check.line() for check in report.checks)
    passed = {"timestamp.format": "PASS", "timestamp.checkpoint": "PASS"}
    assert codes(stamped.package, stamped.roots) == passed | {"timestamp.token": "PASS"}
    assert codes(stamped.package, None) == passed | {"timestamp.token": "SKIP"}
    assert verify(stamped.package).ok


def test_the_time_stamp_covers_the_session(stamped: Stamped) -> None:
    """It is over a ledger in which the session's take had ended: all that was recorded existed then."""
    entries = json.loads((stamped.later / bag.CUSTODY).read_bytes())["entries"]
    ended = max(entry["number"] for entry in entries if entry["action"] == "take:end")
    note = json.loads((stamped.later / bag.TIMESTAMP).read_bytes())["checkpoint"]
    assert read_checkpoint(note, stamped.world.signer.public).size >= ended


def test_a_package_without_one_is_as_it_was(stamped: Stamped) -> None:
    """No file, no line about it; only who asks for the proof is told that it is missing."""
    assert not (stamped.bare / bag.TIMESTAMP).exists()
    assert codes(stamped.bare, None) == {}
    assert verify(stamped.bare).ok
    assert verify(stamped.bare, roots=stamped.roots).reasons() == {("timestamp.token", "missing-timestamp")}


def test_the_command_says_so(stamped: Stamped, tmp_path: Path) -> None:
    """`proctoring verify --tsa-cert`: exit 0 with the right root, 1 with another; SKIP without."""
    for authority, exit_code in ((stamped.authority, 0), (stamped.other, 1)):
        (tmp_path / "root.pem").write_bytes(authority.root)
        arguments = ["verify", str(stamped.package), "--tsa-cert", str(tmp_path / "root.pem")]
        assert CliRunner().invoke(main, arguments).exit_code == exit_code
    result = CliRunner().invoke(main, ["verify", str(stamped.package)])
    assert result.exit_code == 0
    assert "SKIP  timestamp.token" in result.output


def attacked(stamped: Stamped, tmp_path: Path, **changed: object) -> set[tuple[str, str]]:
    """What is found when somebody with our signing key has changed the time-stamp's file."""
    package = copied(stamped.package, tmp_path / "attacked")
    edit(package, bag.TIMESTAMP, lambda known: known.update(changed))
    reseal(package, stamped.world.signer)
    return verify(package, roots=stamped.roots).reasons()


def test_the_token_of_another_checkpoint_is_refused(stamped: Stamped, tmp_path: Path) -> None:
    """A genuine token, of a checkpoint of the same ledger even, under this one's note."""
    token = json.loads((stamped.later / bag.TIMESTAMP).read_bytes())["answer"]
    assert attacked(stamped, tmp_path, answer=token) == {("timestamp.token", "other-checkpoint")}


def test_a_checkpoint_that_the_ledger_did_not_grow_from_is_refused(stamped: Stamped, tmp_path: Path) -> None:
    """A genuine note and its genuine token, of another ledger of ours."""
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    other.ended()
    with stamped.authority.serving() as url:
        Checkpoints(other.core, other.signer, None, Stamps(other.core, HttpAuthority(url)).run).run()
    with other.core.db.read() as db:
        note, row = notes(db, LEDGER_ORIGIN)[-1], db.scalars(select(StampRow)).one()
        found = attacked(stamped, tmp_path, answer=row.answer, checkpoint=note, consistency=[])
    other.core.db.close()
    assert {code for code, _ in found} == {"timestamp.checkpoint"}


def test_the_token_of_another_authority_is_refused(stamped: Stamped, tmp_path: Path) -> None:
    """One of the same name, under its own root, over the very same checkpoint."""
    note = json.loads((stamped.package / bag.TIMESTAMP).read_bytes())["checkpoint"]
    with stamped.other.serving() as url:
        token = base64.b64encode(HttpAuthority(url).stamp(note)).decode()
    assert attacked(stamped, tmp_path, answer=token) == {("timestamp.token", "other-authority")}


def test_an_altered_token_is_refused(stamped: Stamped, tmp_path: Path) -> None:
    """A bit anywhere: refused by name, or without any meaning (the token says the same instant of the same
    checkpoint); a bit of the instant, or of the signature: always refused."""
    known = json.loads((stamped.package / bag.TIMESTAMP).read_bytes())
    answer, note = base64.b64decode(known["answer"]), known["checkpoint"]
    at = check_timestamp(answer, note, stamped.roots)
    instant = answer.index(at.strftime("%Y%m%d%H%M%SZ").encode())
    for place in range(len(answer)):
        altered = bytearray(answer)
        altered[place] ^= 1
        try:
            found = check_timestamp(bytes(altered), note, stamped.roots)
        except Refused as refused:
            assert refused.reason in TOKEN_REASONS
        else:
            assert found == at
            assert not instant <= place < instant + 15
            assert place < len(answer) - 64
    altered = bytearray(answer)
    altered[instant + 13] ^= 1
    token = base64.b64encode(bytes(altered)).decode()
    assert attacked(stamped, tmp_path, answer=token) == {("timestamp.token", "bad-signature")}


def test_a_removed_time_stamp_is_missed(stamped: Stamped, tmp_path: Path) -> None:
    """By who asks for it."""
    package = copied(stamped.package, tmp_path / "attacked")
    (package / bag.TIMESTAMP).unlink()
    reseal(package, stamped.world.signer)
    assert verify(package, roots=stamped.roots).reasons() == {("timestamp.token", "missing-timestamp")}


TOKEN_REASONS = {"wrong-timestamp", "other-checkpoint", "other-authority", "bad-signature"}
