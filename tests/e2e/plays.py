"""A reviewer at the player: three streams play in step."""

from playwright.sync_api import Page

from tests.support.service import wait_until

SHOWN_S_MAX = 60


def three_streams_play(page: Page) -> None:
    """All three videos show pictures, and the session's clock moves in each."""
    videos = "[...document.querySelectorAll('video')]"
    shown = f"{videos}.filter(v => v.videoWidth > 0 && v.readyState >= 2).length === 3"
    wait_until(lambda: page.evaluate(shown), SHOWN_S_MAX, "not all three streams show a picture")
    page.keyboard.press("Space")
    moved = f"{videos}.every(v => v.currentTime > 4)"
    wait_until(lambda: page.evaluate(moved), SHOWN_S_MAX, "not all three streams play")
    page.keyboard.press("Space")
