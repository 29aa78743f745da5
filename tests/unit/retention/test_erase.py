"""Erasure: what goes, what stays, and that nothing is left of what went."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.casework import procedures
from proctoring.custody.model import Action, Actor, first_break
from proctoring.custody.rows import CertificateRow
from proctoring.custody.service import entries, newest_certificates
from proctoring.errors import BeingErased, Conflict
from proctoring.exams.model import CountFrom, Regulation, Stream
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.timeline import locate
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from retention.erase import Eraser
from retention.outcome import ErasureOutcome
from retention.plan import Fate
from storage.errors import StoreFailed
from storage.objects.folder import FolderObjects
from storage.objects.naming import unit_prefix
from storage.objects.shred import Shredder
from storage.objects.store import MemoryObjects, StoredVersion
from storage.proofs.sign import Purpose, check_body
from tests.support.world import ADMIN, UNPAUSED, World

OFFICER = Actor("officer", "privacy-officer")


def units(world: World) -> list[UnitRow]:
    with world.core.db.read() as db:
        return list(db.scalars(select(UnitRow).order_by(UnitRow.id)))


def stored(world: World) -> int:
    return sum(1 for unit in units(world) for _ in world.objects.versions(unit_prefix(unit.id)))


def pass_due(world: World) -> list[ErasureOutcome]:
    """A pass at the first instant at which everything is due."""
    world.clock.now = max(world.clock.now, max(unit.due_at for unit in units(world)))
    return world.eraser.run()


def place(world: World, session: Session, kind: HoldKind = HoldKind.INCIDENT) -> str:
    with world.core.db.begin() as db:
        return holds.place(db, world.core, OFFICER, session.id, kind, reason="seen by two people").id


@pytest.mark.promise("P7")
def test_nothing_goes_before_its_due_date_and_all_of_it_at_it(world: World, ended: Session) -> None:
    """One microsecond before: every object stays. At the instant: no object, no key, one certificate each."""
    world.clock.now = units(world)[0].due_at - timedelta(microseconds=1)
    assert {outcome.line.fate for outcome in world.eraser.foretell().outcomes} == {Fate.STAYS}
    assert world.eraser.run() == []
    assert stored(world) == 9
    outcomes = pass_due(world)
    assert all(outcome.certificate_id for outcome in outcomes)
    assert stored(world) == 0
    for unit in units(world):
        assert (unit.state, unit.sealed_private_key) == (UnitState.ERASED.value, None)
    with world.core.db.read() as db:
        assert all(key is None for key in db.scalars(select(TakeRow.sealed_key)))
        assert len(newest_certificates(db).rows) == 3


@pytest.mark.promise("P8")
@pytest.mark.promise("P10")
def test_a_hold_keeps_everything_and_its_release_lets_it_go(world: World, ended: Session) -> None:
    """Long after the due date held evidence is whole; the first pass after the last release erases it."""
    first, second = place(world, ended), place(world, ended, HoldKind.LEGAL)
    pass_due(world)
    world.clock.move(days=400)
    for hold_id in (first, second):
        assert all("held" in outcome.line.why for outcome in world.eraser.foretell().outcomes)
        assert world.eraser.run() == []
        assert stored(world) == 9
        with world.core.db.begin() as db:
            procedures.release(db, world.core, ADMIN, hold_id)
            procedures.release(db, world.core, ADMIN, hold_id)  # twice changes nothing
    world.eraser.run()
    assert stored(world) == 0


@pytest.mark.promise("P9")
def test_an_appeal_holds_from_the_instant_it_is_lodged(world: World, ended: Session) -> None:
    """Lodged a moment before the due date, it keeps everything; after erasure it is told it is too late."""
    world.clock.now = units(world)[0].due_at - timedelta(microseconds=1)
    with world.core.db.begin() as db:
        appeal = appeals.lodge(db, world.core, ended.id, "I was alone in the room.")
    pass_due(world)
    assert stored(world) == 9
    with pytest.raises(Conflict, match="not answered"), world.core.db.begin() as db:
        procedures.release(db, world.core, OFFICER, appeal.hold_id)
    with world.core.db.begin() as db:
        appeals.close(
            db, world.core, OFFICER, appeal.id, outcome=AppealOutcome.REFUSED, answer="You were not alone."
        )
    world.eraser.run()
    with pytest.raises(BeingErased), world.core.db.begin() as db:
        holds.place(db, world.core, OFFICER, ended.id, HoldKind.LEGAL, reason="too late")


class HoldInBetween(Eraser):
    """An eraser during whose planning somebody places a hold."""

    def __init__(self, world: World, session: Session) -> None:
        super().__init__(world.core, Shredder(world.objects), world.signer, rules=UNPAUSED)
        self._world, self._session = world, session

    def _erase(self, *args: object, **kwargs: object) -> list[ErasureOutcome]:
        place(self._world, self._session)
        return super()._erase(*args, **kwargs)  # type: ignore[arg-type]


@pytest.mark.promise("P9")
def test_a_hold_between_plan_and_decision_wins_for_the_whole_session(world: World, ended: Session) -> None:
    """The decision looks at the counters again; nothing of the session is half erased."""
    world.clock.now = units(world)[0].due_at
    outcomes = HoldInBetween(world, ended).run()
    assert {outcome.failure for outcome in outcomes} == {"a hold came first"}
    assert stored(world) == 9
    assert all(unit.sealed_private_key for unit in units(world))


class FailingObjects(MemoryObjects):
    """A store whose deletions fail until it is mended."""

    broken = True

    def delete(self, versions: object) -> list[str]:
        if self.broken:
            return ["no answer"]
        return super().delete(versions)  # type: ignore[arg-type]


def test_a_failed_deletion_is_said_and_finished_by_the_next_pass(world: World, ended: Session) -> None:
    """The key is gone, the unit stays due, and no certificate is written before the objects are gone."""
    failing = FailingObjects()
    failing.__dict__.update(world.objects.__dict__)
    eraser = world.new_eraser(failing)
    world.clock.now = units(world)[0].due_at
    outcomes = eraser.run()
    assert all(outcome.failure and not outcome.certificate_id for outcome in outcomes)
    assert {unit.state for unit in units(world)} == {UnitState.ERASING.value}
    with world.core.db.read() as db:
        assert newest_certificates(db).rows == []
    failing.broken = False
    assert all(outcome.certificate_id for outcome in eraser.run())
    assert stored(world) == 0


class GrowingObjects(MemoryObjects):
    """A store in which an object appears again after every deletion."""

    def delete(self, versions: object) -> list[str]:
        kept: list[StoredVersion] = list(versions)  # type: ignore[call-overload]
        failures = super().delete(kept)
        self.put(kept[0].key, b"again")
        return failures


def test_a_listing_that_is_not_empty_is_no_erasure(world: World, ended: Session) -> None:
    """Absence is seen, not assumed."""
    growing = GrowingObjects()
    growing.__dict__.update(world.objects.__dict__)
    unit = units(world)[0].id
    with pytest.raises(StoreFailed, match="not empty"):
        Shredder(growing).shred(unit)


def test_the_certificate_is_signed_and_names_nobody(world: World, ended: Session) -> None:
    """Its signature verifies over its very bytes; it holds ids, times and counts."""
    pass_due(world)
    with world.core.db.read() as db:
        rows: list[CertificateRow] = list(newest_certificates(db).rows)
    for row in rows:
        check_body(world.signer.public, Purpose.CERTIFICATE, row.body, row.signature)
        body = json.loads(row.body)
        assert body["removed"]["objects"] == 3
        assert body["left_after"] == 0
        assert "C-1" not in row.body


def test_the_whole_life_stands_in_the_ledger(world: World, ended: Session) -> None:
    """Erasure is entered when it is decided and when it is done, and the chain is whole."""
    pass_due(world)
    with world.core.db.read() as db:
        chain = entries(db, ended.id)
        assert first_break(entries(db)) is None
    actions = [entry.action for entry in chain]
    assert actions.count(Action.EVIDENCE_ERASE) == actions.count(Action.EVIDENCE_ERASED) == 3


def test_erased_evidence_is_said_to_be_erased(world: World, ended: Session) -> None:
    """Asking for a segment afterwards names the certificate."""
    pass_due(world)
    with world.core.db.read() as db, pytest.raises(Exception, match="was erased on") as refusal:
        locate(db, ended.id, Stream.WEBCAM, 0)
    assert "/certificates/" in refusal.value.remedy  # type: ignore[attr-defined]


def test_a_second_pass_changes_nothing(world: World, ended: Session) -> None:
    """Exactly one certificate a unit, however often the worker runs."""
    pass_due(world)
    assert world.eraser.run() == []
    with world.core.db.read() as db:
        assert len(newest_certificates(db).rows) == 3


def test_a_session_that_nobody_ended_is_ended_and_still_erased(world: World) -> None:
    """A candidate vanished, a capture process died: the window closes and retention takes its course."""
    exam = world.exam()
    session = world.admitted(exam)
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    world.clock.now = session.closes_at
    world.eraser.run()
    world.clock.move(hours=2)
    world.eraser.run()
    assert {unit.state for unit in units(world)} == {UnitState.RETAINED.value}
    pass_due(world)
    assert stored(world) == 0


def test_a_stray_file_stops_nobody_elses_erasure(tmp_path: Path) -> None:
    """Whatever goes wrong with one unit, every other one is erased, and the failure is said."""
    world = World(tmp_path, objects=FolderObjects(tmp_path / "objects"))
    exam = world.exam()
    first, second = world.ended(exam), world.ended(exam)
    stuck = next(unit for unit in units(world) if unit.session_id == first.id)
    (tmp_path / "objects" / unit_prefix(stuck.id) / ".nfs0001").write_bytes(b"stray")
    outcomes = pass_due(world)
    assert [outcome.line.unit_id for outcome in outcomes if outcome.failure] == [stuck.id]
    assert {unit.state for unit in units(world) if unit.session_id == second.id} == {UnitState.ERASED.value}
    world.core.db.close()


def test_a_destroyed_key_is_in_no_file_of_the_database(tmp_path: Path) -> None:
    """Not in a page that was overwritten, not in the write-ahead log, while the database stays open."""
    world = World(tmp_path)
    world.ended()
    keys = [unit.sealed_private_key for unit in units(world)]
    with world.core.db.read() as db:
        keys += list(db.scalars(select(TakeRow.sealed_key)))

    def found() -> list[bytes]:
        files = [file.read_bytes() for file in tmp_path.glob("world.db*")]
        return [key for key in keys for data in files if key is not None and key in data]

    assert len(found()) >= len(keys)
    pass_due(world)
    assert found() == []
    world.core.db.close()


def test_a_candidate_who_just_left_is_kept_no_longer_for_it(world: World) -> None:
    """The exam ended with the last of the recording, not with the window a week later."""
    session = world.admitted(world.exam(Regulation(14, CountFrom.EXAM_END, "Europe/Brussels", 90)))
    world.record(session)
    recorded_at = world.clock()
    world.clock.now = session.closes_at
    world.eraser.run()
    (due,) = {unit.due_at for unit in units(world)}
    assert due - recorded_at < timedelta(days=16)
