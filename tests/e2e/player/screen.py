"""Questions of a test to a page with the player, in the session's own time."""

from playwright.sync_api import Page

from tests.support.world import START

START_MS = int(START.timestamp() * 1000)
# The session's clock begins on a full second at least one second before its first frame.
LEAD_MS = 1000


def at(wall_ms: int) -> int:
    """Session time of a moment after the first frame."""
    return wall_ms + LEAD_MS


def seek(page: Page, ms: int) -> None:
    page.evaluate("(ms) => window.review.conductor.seek(ms)", ms)


def wait_for_pictures(page: Page, *streams: str) -> None:
    """Until these streams have a picture for the present position and none is still seeking."""
    page.wait_for_function(
        """(names) => names.every((name) => {
          const video = document.querySelector(`[data-stream=${name}] video`);
          const off = 1000 * video.currentTime - window.review.conductor.positionMs;
          return video.readyState >= 2 && !video.seeking && Math.abs(off) < 100;
        })""",
        arg=list(streams),
    )


def position(page: Page) -> float:
    return float(page.evaluate("window.review.conductor.positionMs"))
