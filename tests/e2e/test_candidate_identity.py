"""The picture of the identity card in a real browser: masked before it leaves, by mouse, keyboard, phone."""

import numpy as np
import pytest

from tests.e2e.candidate_stage import Candidate, candidate, service
from tests.support.decoded import Pixels, read_image
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

OPTIONS = ("--streams", "webcam", "--identity-copy")
BLACK_MAX = 24


# Playwright does not show the body of a request when it is a blob, so the page's own fetch is listened to.
LISTEN = """
const send = window.fetch;
window.left = [];
window.fetch = async (url, init) => {
  if (init?.body instanceof Blob) window.left.push([...new Uint8Array(await init.body.arrayBuffer())]);
  return send(url, init);
};
"""


def left(someone: Candidate) -> list[Pixels]:
    """Every picture that has left this candidate's page, as it left."""
    return [read_image(bytes(data)) for data in someone.page.evaluate("left")]


def part(picture: Pixels, left: float, top: float, right: float, bottom: float) -> Pixels:
    height, width = picture.shape[:2]
    return picture[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]


@pytest.mark.promise("P4")
def test_what_was_covered_never_leaves_the_browser(service: Service) -> None:
    """Nothing is sent before; then one picture, black where it was drawn on, and it is what reviewers see."""
    with candidate(service, *OPTIONS) as someone:
        someone.context.add_init_script(LISTEN)
        someone.admit()
        someone.give_camera()
        assert someone.page.is_visible('[data-step="identity"] h1')
        someone.give_card()
        (picture,) = left(someone)
        assert part(picture, 0.22, 0.22, 0.58, 0.58).max() <= BLACK_MAX
        assert part(picture, 0.65, 0.65, 0.95, 0.95).max() > 4 * BLACK_MAX
        someone.start()
        someone.stop()
        session_id = someone.invited["session_id"]
        proctor = service.signed_in("M. Claes", "proctor")
        image = f"/sessions/{session_id}/identity/0.jpg"
        assert proctor.get(image).status_code == 403
        proctor.post(f"/sessions/{session_id}/claim")
        shown = read_image(proctor.get(image).content)
        assert np.array_equal(shown, picture)
        someone.page.goto(f"{someone.invited['candidate_url']}/recording")
        someone.shows("main", "Identity card")


def test_it_can_be_done_without_a_mouse(service: Service) -> None:
    """The frame is moved, made larger and covers by keys; what one uncovers is asked for again."""
    with candidate(service, *OPTIONS) as someone:
        someone.context.add_init_script(LISTEN)
        someone.admit()
        someone.give_camera()
        someone.page.focus("[data-card-on]")
        someone.page.keyboard.press("Enter")
        someone.page.wait_for_selector("[data-card-take]:focus")
        someone.page.keyboard.press("Enter")
        someone.page.wait_for_selector("[data-card-picture]:focus")
        someone.shows("[data-card-covered]", "Nothing is covered yet.")
        for key in ("Enter", "ArrowUp", "Enter"):
            someone.page.keyboard.press(key)
        someone.shows("[data-card-covered]", "Places covered: 2.")
        someone.page.click("[data-card-undo]")
        someone.page.click("[data-card-undo]")
        assert someone.page.get_attribute("[data-card-send]", "aria-disabled") == "true"
        someone.page.focus("[data-card-picture]")
        for _ in range(8):
            someone.page.keyboard.press("Shift+ArrowDown")
        someone.page.keyboard.press("Enter")
        someone.send_card()
        (picture,) = left(someone)
        assert part(picture, 0.32, 0.46, 0.68, 0.68).max() <= BLACK_MAX


def test_a_side_without_a_number_is_said_so(service: Service) -> None:
    """Without cover nothing is sent, unless the candidate says that this side shows no number."""
    with candidate(service, *OPTIONS) as someone:
        someone.context.add_init_script(LISTEN)
        someone.admit()
        someone.give_camera()
        someone.take_card()
        someone.page.click("[data-card-send]", force=True)
        assert left(someone) == []
        someone.page.check("[data-card-none]")
        someone.send_card()
        assert len(left(someone)) == 1


def test_the_phone_takes_it_and_the_computer_goes_on(service: Service) -> None:
    """The code leads to a page with the same step; the start waits for it, and knows once it has arrived."""
    with candidate(service, *OPTIONS) as someone:
        someone.admit()
        someone.give_camera()
        link = someone.page.get_attribute('[data-step="identity"] .address', "href") or ""
        computer, someone.page = someone.page, someone.open(link)
        someone.take_card()
        someone.page.check("[data-card-none]")
        someone.send_card()
        someone.shows("main", "Go on at the computer.")
        someone.page = computer
        computer.bring_to_front()
        computer.wait_for_selector('[data-card="sent"]')
        someone.next("identity")
        someone.start()


def test_a_picture_that_does_not_arrive_can_be_sent_again(service: Service) -> None:
    """One instruction; the picture and its covers are still there."""
    with candidate(service, *OPTIONS) as someone:
        someone.admit()
        someone.give_camera()
        someone.take_card()
        someone.page.check("[data-card-none]")
        someone.context.route("**/identity", lambda route: route.abort())
        someone.page.click('[data-card-send][aria-disabled="false"]')
        someone.page.wait_for_selector("#card-failed:not([hidden])")
        someone.shows("#card-failed", "press Send again")
        someone.context.unroute("**/identity")
        someone.send_card()
        assert someone.page.is_hidden("#card-failed")
