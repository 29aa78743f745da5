"""Session page and queue meet WCAG 2.2 AA, as far as axe-core can tell, light and dark."""

from typing import Literal
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page

from tests.e2e.player.screen import wait_for_pictures
from tests.support.axe import faults

pytestmark = pytest.mark.live


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_review_is_for_everybody(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    wait_for_pictures(page, "screen", "webcam", "phone")
    assert faults(page) == [], "session"
    page.keyboard.press("?")
    assert faults(page) == [], "keys"
    page.goto(urljoin(page.url, "/"))
    assert faults(page) == [], "queue"
