"""Nothing is cut off: every candidate page and step at the narrowest width, in the longest language."""

import pytest

from proctoring.exams.model import LANGUAGES
from tests.e2e.candidate_stage import candidate, service
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

NARROW = {"width": 320, "height": 640}
WIDE = {"width": 3840, "height": 2160}
# Everything at once, as no candidate sees it: what fits now fits step by step.
SHOW_ALL = """() => {
  for (const part of document.querySelectorAll("[hidden]")) part.hidden = false;
  for (const part of document.querySelectorAll("details")) part.open = true;
  for (const name of ["camera", "card", "paired", "sharing", "state"]) {
    for (const part of document.querySelectorAll(`[data-${name}]`)) delete part.dataset[name];
  }
}"""
CUT_OFF = """() => [...document.querySelectorAll("main *, footer *, header *")]
  .filter((part) => part.checkVisibility() && !part.closest("svg, .unseen, video"))
  .filter((part) => {
    const box = part.getBoundingClientRect();
    const clipped = part.matches("p, .things li, button, h1, h2, dd, td") && part.clientWidth;
    return box.right > innerWidth + 1 || box.left < -1 || (clipped && part.scrollWidth > clipped + 1);
  })
  .map((part) => `${part.tagName}.${part.className}: ${part.textContent.trim().slice(0, 60)}`)"""


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["320 px", "4K"])
def test_nothing_is_cut_off(service: Service, size: dict[str, int]) -> None:
    """From 320 px (which is 400 % zoom, WCAG 1.4.10) to 4K, in all four languages."""
    with candidate(service, "--identity-copy") as someone:
        someone.page.set_viewport_size(size)
        home = someone.page.url
        phone = None
        for path in ("", "/rehearsal", "/exam", "phone", "phone/identity", "/recording"):
            for language in LANGUAGES:
                address = path.replace("phone", phone) if phone and "phone" in path else home + path
                someone.page.goto(f"{address}?lang={language}")
                someone.page.wait_for_load_state("networkidle")
                someone.page.evaluate(SHOW_ALL)
                assert someone.page.evaluate(CUT_OFF) == [], f"{path or 'notice'} in {language}"
            if path == "/rehearsal":
                someone.page.goto(home)
                someone.admit()
                phone = someone.page.get_attribute('[data-step="phone"] .address', "href")
