"""Difference between the copied proofs and a database: the rule alone, without either."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from proctoring.custody.model import Action
from proctoring.proofs.bodies import (
    Act,
    Erasure,
    Loss,
    Restoration,
    read_act,
    read_restoration,
)
from proctoring.quarantine.model import Head
from proctoring.restore.missing import Copied, Known, KnownUnit, ProvenMissing, missing
from storage.errors import Refused
from storage.proofs.checkpoint import LEDGER_ORIGIN, unit_origin
from storage.proofs.witness import CertificateCopy

NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
ROOT, OTHER = b"r" * 32, b"o" * 32
WHOLE = Known(9, True, {"u1": KnownUnit("s1", 3), "u2": KnownUnit("s1", 3)}, {"h1": True})
PLACED = Act(Action.HOLD_PLACE, NOW, 7, "s1", ("u1", "u2"), "h1", "legal")
RELEASED = replace(PLACED, action=Action.HOLD_RELEASE, number=8)
DECIDED = Act(Action.EVIDENCE_ERASE, NOW, 9, "s1", ("u1",), due_at=NOW)
ERASED = Erasure("u1", "s1", NOW, NOW, NOW, "c1", CertificateCopy("{}", ""))


def copied(*said: Act | Erasure | tuple[str, Head]) -> Copied:
    made = Copied()
    for one in said:
        if isinstance(one, Act):
            made.act(one)
        elif isinstance(one, Erasure):
            made.certificate(one)
        else:
            made.head(*one)
    return made


def test_a_database_that_knows_all_of_it_misses_nothing() -> None:
    """Heads up to its own, a hold in force, an erased unit: nothing is missing, and nothing is false."""
    said = copied((LEDGER_ORIGIN, Head(9, ROOT)), (unit_origin("u1"), Head(3, ROOT)), PLACED)
    assert not missing(said, WHOLE)
    gone = replace(WHOLE, units={"u2": WHOLE.units["u2"]})
    assert not missing(copied(PLACED, RELEASED, DECIDED, ERASED), replace(gone, holds={"h1": False}))
    assert not missing(Copied(), WHOLE)


def test_a_head_beyond_the_ledger_is_missing() -> None:
    """By a signed head, or by the entry's number in an act; and so is another ledger of the same length."""
    assert missing(copied((LEDGER_ORIGIN, Head(10, ROOT))), WHOLE) == ProvenMissing(ledger=True)
    assert missing(copied(replace(PLACED, number=10)), WHOLE) == ProvenMissing(ledger=True)
    assert missing(copied(), replace(WHOLE, same_ledger=False)) == ProvenMissing(ledger=True)


def test_a_shorter_manifest_is_missing_its_segments() -> None:
    """Of units that live here."""
    said = copied((unit_origin("u1"), Head(5, ROOT)), (unit_origin("unknown"), Head(5, ROOT)))
    assert missing(said, WHOLE) == ProvenMissing(leaves=(("u1", 2),))


@pytest.mark.promise("P7")
def test_what_was_erased_and_lives_here_is_missing_its_erasure() -> None:
    """Decided or certified; a unit whose erasure is under way here lacks only what was certified."""
    assert [one.unit for one in missing(copied(DECIDED), WHOLE).erasures] == ["u1"]
    assert missing(copied(DECIDED, ERASED), WHOLE).erasures == (ERASED,)
    assert missing(copied(ERASED, DECIDED), WHOLE).erasures == (ERASED,)
    begun = replace(WHOLE, units={"u1": KnownUnit("s1", 3, erasing=True)})
    assert missing(copied(DECIDED), begun).erasures == ()
    assert missing(copied(ERASED), begun).erasures == (ERASED,)


@pytest.mark.promise("P8")
@pytest.mark.promise("P9")
def test_a_hold_that_is_not_here_is_missing_where_something_can_be_held() -> None:
    """Unless it was released later, or all that it covered is erased."""
    here = replace(WHOLE, holds={})
    assert missing(copied(PLACED), here).holds == (PLACED,)
    assert missing(copied(PLACED, RELEASED), here).holds == ()
    both = replace(DECIDED, units=("u1", "u2"))
    assert missing(copied(PLACED, both), here).holds == ()
    assert missing(copied(PLACED, DECIDED), here).holds == (PLACED,)  # u2 lives


def test_a_release_that_is_not_here_is_missing_while_the_hold_is_in_force() -> None:
    """P10: nothing is kept for a hold that was released."""
    assert missing(copied(PLACED, RELEASED), WHOLE).releases == (RELEASED,)
    assert missing(copied(PLACED, RELEASED), replace(WHOLE, holds={"h1": False})).releases == ()


def test_a_declaration_settles_what_was_lost_and_forgets_no_decision() -> None:
    """Heads fall back to what both histories share; erasures and holds stay proven for the next restore."""
    said = copied((LEDGER_ORIGIN, Head(20, ROOT)), (unit_origin("u1"), Head(5, ROOT)), PLACED, DECIDED)
    losses = (Loss(LEDGER_ORIGIN, 8, OTHER, 20, ROOT), Loss(unit_origin("u1"), 3, OTHER, 5, ROOT))
    said.restored(Restoration("q1", NOW, 9, losses))
    assert said.ledger_size() == 8
    assert missing(said, WHOLE) == ProvenMissing(erasures=missing(copied(DECIDED), WHOLE).erasures)
    said.head(LEDGER_ORIGIN, Head(10, ROOT))
    assert missing(said, WHOLE).ledger


def test_bodies_are_read_as_they_were_written_and_nothing_else() -> None:
    """RFC 8785 with exactly the fields of the format."""
    for act in (PLACED, RELEASED, replace(DECIDED, due_at=NOW - timedelta(days=1))):
        assert read_act(act.body()) == act
    restoration = Restoration("q1", NOW, 9, (Loss(LEDGER_ORIGIN, 8, OTHER, 20, ROOT),))
    assert read_restoration(restoration.body()) == restoration
    for body in (
        PLACED.body().replace('"v":1', '"v":2'),
        PLACED.body().replace("hold:place", "user:add"),
        PLACED.body()[:-1] + ',"x":1}',
        "{}",
        "",
    ):
        with pytest.raises(Refused):
            read_act(body)
    with pytest.raises(Refused):
        read_restoration(restoration.body().replace(OTHER.hex(), "zz"))
