"""The staff's pages in Debian's Firefox: from the queue to the answer to an appeal, three people in turn."""

from collections.abc import Iterator

import pytest

from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from tests.e2e.player.stage import VP8, Stage
from tests.e2e.player.test_player_matrix import recorded
from tests.e2e.player.variants import files, pieces
from tests.support.firefox import Firefox

pytestmark = pytest.mark.live

PLAYED = "document.querySelector('[data-stream=webcam] video').currentTime > 2"
FILL = """for (const [name, value] of Object.entries(arguments[0])) {
  const field = document.querySelector(name);
  if (field.type === "radio") field.click();
  else field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}"""


@pytest.fixture
def desk(reader: Firefox, stage: Stage) -> Iterator[Firefox]:
    """An exception in a page, or what its security policy refuses, fails the test."""
    before = len(reader.complaints())
    yield reader
    reader.carry({"login": stage.secrets["Proctor"]})
    assert reader.complaints()[before:] == []


def go(desk: Firefox, stage: Stage, who: str, path: str) -> None:
    """This page, as that person."""
    desk.carry({"login": stage.secrets[who]})
    desk.open(f"{stage.url}{path}")


def look(desk: Firefox) -> None:
    """Plays the beginning of what was recorded."""
    desk.wait("document.querySelector('#player')?.dataset.ready")
    desk.run("review.conductor.seek(0)")
    desk.key("k")
    desk.wait(PLAYED)
    desk.key("k")


def test_a_session_goes_from_the_queue_to_an_answered_appeal(desk: Firefox, stage: Stage) -> None:
    """Claimed, looked at, flagged and decided by one person, agreed to by another; a third looks at it from
    the appeal and answers."""
    # Other tests of this stage may have moved its clock beyond earlier logins.
    for name, role in (("First", Role.PROCTOR), ("Second", Role.PROCTOR), ("Committee", Role.COMMITTEE)):
        stage.hire(name, role)
    made = files(pieces(VP8, stage.world.clock.unix_ms))
    session = recorded(stage, made)
    path = f"/sessions/{session.id}"

    go(desk, stage, "First", "/queue")
    desk.press(f'form[action="{path}/claim"] button')
    look(desk)
    desk.key("m")
    desk.run(FILL, {"#flag-dialog textarea": "Look at the lower right."})
    desk.press("#flag-dialog .btn-main")
    desk.press("li.flag .flag-line")
    desk.press("li.flag button[value=confirmed]")
    desk.wait("document.querySelector('li.flag.is-done')")
    decision = {"[name=outcome][value=incident]": "", "#decision [name=category]": "other-person"}
    desk.run(FILL, decision | {"#decision [name=severity]": "major", "#reasons": "A second voice."})
    desk.press("#decision button.if-incident")
    desk.wait(
        "document.querySelector('#panel-decision').innerText.includes('The evidence is held meanwhile')"
    )

    go(desk, stage, "Second", "/incidents")
    desk.press(f'a[href^="{path}"].btn')
    look(desk)
    desk.press("button[value=agree]")
    desk.wait("document.body.innerText.includes('Close and release the hold')")

    with stage.world.core.db.begin() as db:
        appeals.lodge(db, stage.world.core, session.id, "It was the radio.")
    go(desk, stage, "Committee", "/appeals")
    desk.press(f'a[href="{path}"].btn')
    look(desk)
    desk.press("a[href^='/appeals#']")
    desk.run(FILL, {"[name=outcome]": "refused", "[name=answer]": "Two people heard the second voice."})
    desk.press("form[action^='/appeals/'] button")
    desk.wait("document.body.innerText.includes('No appeal is open')")
