"""Every candidate page and step meets WCAG 2.2 AA, as far as axe-core can tell, light and dark."""

from typing import Literal

import pytest

from proctoring.exams.model import LANGUAGES
from tests.e2e.candidate_stage import candidate, service
from tests.support.axe import faults
from tests.support.service import Service

__all__ = ["service"]


Scheme = Literal["light", "dark"]
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


@SCHEMES
def test_pages_are_for_everybody_in_each_language(service: Service, scheme: Scheme) -> None:
    """As each opens; the exam's at its first step. Colours are the same in all languages: dark in one."""
    languages = LANGUAGES if scheme == "light" else ("en",)
    with candidate(service, "--identity-copy") as someone:
        page, home = someone.page, someone.page.url
        page.emulate_media(color_scheme=scheme)
        phone = home
        for path in ("", "/rehearsal", "/exam", "phone", "phone/identity", "/recording"):
            for language in languages:
                page.goto(
                    f"{path.replace('phone', phone) if 'phone' in path else home + path}?lang={language}"
                )
                page.wait_for_load_state("networkidle")
                assert faults(page) == [], f"{path or 'notice'} in {language}"
            if path == "/rehearsal":
                page.goto(home)
                someone.admit()
                phone = page.get_attribute('[data-step="phone"] .address', "href") or ""


@SCHEMES
def test_steps_are_for_everybody(service: Service, scheme: Scheme) -> None:
    """From the camera to the own recording, on the computer and the phone, with what opens on the way."""
    with candidate(service, "--identity-copy") as someone:
        page = someone.page
        page.emulate_media(color_scheme=scheme)

        def look(step: str) -> None:
            assert faults(page) == [], step

        someone.admit()
        page.click("#camera-on")
        page.wait_for_selector('[data-camera="on"]')
        look("camera on")
        someone.next("camera")
        look("card")
        someone.take_card()
        look("card taken")
        someone.cover_card()
        someone.send_card()
        look("card sent")
        someone.next("identity")
        look("phone")
        phone = someone.give_phone()
        phone.emulate_media(color_scheme=scheme)
        assert faults(phone) == [], "on the phone"
        look("screen")
        someone.give_screen()
        look("start")
        someone.start()
        look("recording")
        for details in page.locator("details:visible").all():
            details.evaluate("(one) => { one.open = true; }")
        look("recording, all opened")
        assert faults(phone) == [], "recording on the phone"
        page.click("#stop")
        look("leaving")
        page.click("#finish")
        page.wait_for_selector('[data-step="end"]:not([hidden])')
        look("end")
        phone.wait_for_selector('[data-step="end"]:not([hidden])')
        assert faults(phone) == [], "end on the phone"
        page.click('[data-step="end"] a')
        page.wait_for_load_state("networkidle")  # as nobody sees it, without its style, links are close
        look("own recording")
