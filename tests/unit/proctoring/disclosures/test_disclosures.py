"""On what ground a copy of a recording leaves the service, and who is told of it (P14)."""

from pathlib import Path

import pytest

from proctoring.access.model import Person, Role
from proctoring.appeals import service as appeals
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import entries
from proctoring.disclosures.model import BY_TWO, Asked, Disclosure, Ground, disclosure
from proctoring.errors import CoreError, Denied, Invalid
from proctoring.evidence.export import Exporter
from proctoring.privacy.service import own_recording
from proctoring.proofs.words import words_of
from proctoring.sessions.model import Session
from proctoring.units.model import UnitKind
from storage.package.facts import Package
from storage.package.verify import verify
from tests.support.packages import OPERATOR
from tests.support.world import World

OFFICER = Person("officer-1", "P. Officer", Role.PRIVACY_OFFICER)
PROCTOR = Person("proctor-1", "M. Claes", Role.PROCTOR)
APPEAL = "appeal-1"


@pytest.mark.promise("P14")
@pytest.mark.parametrize(
    ("asked", "appeal", "refusal"),
    [
        (Asked(), None, Denied),
        (Asked(Ground.APPEAL), None, Denied),
        (Asked(second=OFFICER), None, Denied),
        (Asked(Ground.REQUEST), None, Invalid),
        (Asked(Ground.REQUEST, ""), None, Invalid),
        (Asked(Ground.REQUEST, "Jan Peeters"), APPEAL, Invalid),
        *[(Asked(ground), APPEAL, Denied) for ground in BY_TWO],
        *[(Asked(ground, second=PROCTOR), None, Denied) for ground in BY_TWO],
    ],
)
def test_nothing_leaves_without_a_ground(asked: Asked, appeal: str | None, refusal: type[CoreError]) -> None:
    """No appeal, no request, no second person who may share it: refused, with what to do."""
    with pytest.raises(refusal) as refused:
        disclosure(asked, appeal, OPERATOR)
    assert refused.value.remedy


@pytest.mark.promise("P14")
def test_a_trial_needs_no_ground_and_no_other_service_is_one() -> None:
    """Where the service is being tried out a package for nobody may be made, and is told as that."""
    assert disclosure(Asked(), None, OPERATOR, trial=True) == Disclosure(Ground.TRIAL, None, None, False)
    assert disclosure(Asked(), APPEAL, OPERATOR, trial=True).ground is Ground.APPEAL
    with pytest.raises(Denied):
        disclosure(Asked(Ground.TRIAL), None, OPERATOR)
    with pytest.raises(Denied):
        disclosure(Asked(Ground.COURT), None, OPERATOR, trial=True)


@pytest.mark.promise("P14")
def test_each_ground_is_told_with_what_it_rests_on() -> None:
    """An open appeal by itself; a request by its reference; others by the second person, never oneself."""
    assert disclosure(Asked(), APPEAL, OPERATOR) == Disclosure(Ground.APPEAL, APPEAL, None, False)
    request = disclosure(Asked(Ground.REQUEST, "request:1", OFFICER, True), APPEAL, OPERATOR)
    assert request == Disclosure(Ground.REQUEST, "request:1", None, True)
    for ground in BY_TWO:
        shared = disclosure(Asked(ground, second=OFFICER), None, OPERATOR)
        assert shared == Disclosure(ground, None, OFFICER.id, False)
        with pytest.raises(Denied):
            disclosure(Asked(ground, second=OFFICER), None, Actor(OFFICER.id, "privacy-officer"))


def given(world: World, session: Session, folder: Path, asked: Asked) -> Package:
    """A copy that was given."""
    exporter = Exporter(world.core, world.objects, world.opener, world.signer, words_of)
    return exporter.export(session.id, folder, OPERATOR, "reference:1", asked)


@pytest.mark.promise("P14")
@pytest.mark.promise("P17")
def test_every_copy_is_told_to_the_candidate(world: World, tmp_path: Path) -> None:
    """None before; then each by date, to whom by kind, and why; a copy that was refused is none."""
    session = world.ended()

    def told() -> list[Ground | None]:
        with world.core.db.read() as db:
            return [one.ground for one in own_recording(db, world.core, session.id).given]

    with pytest.raises(Denied):
        given(world, session, tmp_path / "none", Asked())
    assert not (tmp_path / "none").exists()
    assert told() == []
    with world.core.db.begin() as db:
        appeal = appeals.lodge(db, world.core, session.id, "I was alone.")
    given(world, session, tmp_path / "one", Asked())
    world.clock.move(hours=1)
    given(world, session, tmp_path / "two", Asked(Ground.COURT, second=OFFICER))
    assert told() == [Ground.COURT, Ground.APPEAL]
    with world.core.db.read() as db:
        mine = [one.detail for one in entries(db) if one.action is Action.EVIDENCE_EXPORT]
    assert [(one["ground"], one["basis"], one["second"]) for one in mine] == [
        ("appeal", appeal.id, None),
        ("court", None, OFFICER.id),
    ]


@pytest.mark.promise("P4")
@pytest.mark.promise("P14")
def test_the_identity_card_leaves_only_by_name(world: World, tmp_path: Path) -> None:
    """It is in the package where it was asked for; elsewhere the package says that it is left out, and
    verifies; the candidate is told which."""
    session = world.ended(world.exam(identity_copy=True))
    request = Asked(Ground.REQUEST, "request:1")
    without = given(world, session, tmp_path / "without", request)
    world.clock.move(hours=1)
    within = given(world, session, tmp_path / "with", Asked(Ground.REQUEST, "request:2", identity=True))
    assert UnitKind.IDENTITY.value not in {one.kind for one in without.streams}
    assert UnitKind.IDENTITY.value in {one.kind for one in within.streams}
    assert not (tmp_path / "without" / "data" / "identity").exists()
    for name, said in (("without", "3 streams, without the identity card"), ("with", "4 streams")):
        report = verify(tmp_path / name, world.signer.public)
        assert report.ok
        assert {one.code: one.detail for one in report.checks}["package.complete"] == said
    with world.core.db.read() as db:
        told = own_recording(db, world.core, session.id).given
    assert [one.identity for one in told] == [True, False]
