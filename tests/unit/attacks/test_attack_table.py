"""The table of `make attacks`: areas that did not run keep what was written of them."""

from datetime import date

from tests.attacks.frame import Outcome
from tests.attacks.table import merged, section

ON = date(2026, 11, 30)


def test_a_section_counts_what_was_tried_got_through_and_was_lost() -> None:
    """Loss in its own unit; an attack that could not be made is not a success."""
    rows = [
        ("idle", Outcome(1100, 0, picture_ms=0, sound_ms=0)),
        ("edits", Outcome(60, 2, rows=3)),
        ("broken", None),
    ]
    text = section("Connections", rows, ON, "version 1")
    assert text.startswith("## Connections\n\nOn 2026-11-30, version 1.\n")
    assert "| idle | 1,100 | 0 | 0 ms of picture, 0 ms of sound |" in text
    assert "| edits | 60 | 2 | 3 rows |" in text
    assert "| broken | could not be made |" in text


def test_an_outcome_holds_only_when_nothing_got_through_and_nothing_was_lost() -> None:
    """Each kind of loss counts; one that was not measured does not."""
    assert Outcome(10).held
    assert Outcome(10, picture_ms=0, sound_ms=0, rows=0).held
    for broken in (Outcome(10, 1), Outcome(10, picture_ms=66), Outcome(10, sound_ms=20), Outcome(10, rows=1)):
        assert not broken.held


def test_a_run_of_one_area_leaves_the_others_as_they_were() -> None:
    """Replaced by title, in alphabetical order, the head once; written twice, it is the same."""
    first = merged("", {name: section(name, [("one", Outcome(1))], ON, "old") for name in ("Disk", "Replay")})
    second = merged(first, {"Connections": section("Connections", [("two", Outcome(2))], ON, "new")})
    third = merged(second, {"Disk": section("Disk", [("three", Outcome(3))], ON, "new")})
    assert [line for line in third.splitlines() if line.startswith("#")] == [
        "# Attacks that were tried",
        "## Connections",
        "## Disk",
        "## Replay",
    ]
    assert "| one | 1 |" in third and "| three | 3 |" in third and third.count("| one | 1 |") == 1
    assert merged(third, {}) == third
