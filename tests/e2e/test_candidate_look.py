"""Nothing is cut off or too close: every candidate page and step at the narrowest width, in each language."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize

from proctoring.exams.model import LANGUAGES
from tests.e2e.candidate_stage import candidate
from tests.support.service import DEV, Service

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

CONTACT = {
    "PROCTORING_CONTROLLER_PHONE": "+32 2 555 01 23",
    "PROCTORING_CONTROLLER_EMAIL": "privacy@exams.example",
}
# Inline links on lines that follow each other, and how far their middles are apart (WCAG 2.5.8).
TOO_CLOSE = """() => [...document.querySelectorAll("p")].flatMap((part) => {
  const boxes = [...part.querySelectorAll("a")].filter((link) => link.checkVisibility())
    .flatMap((link) => [...link.getClientRects()].map((box) => ({ link, middle: box.top + box.height / 2 })));
  return boxes.flatMap((one) => boxes.filter((other) => other.link !== one.link)
    .map((other) => other.middle - one.middle).filter((apart) => apart > 1 && apart < 24)
    .map((apart) => `${part.textContent.trim().slice(0, 60)}: ${apart} px`));
})"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The service of a body with a telephone, whose two links take two lines."""
    started = Service(tmp_path / "data", DEV | CONTACT).start()
    yield started
    started.stop()


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["320 px", "4K"])
def test_nothing_is_cut_off(service: Service, size: ViewportSize) -> None:
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
                assert someone.page.evaluate(TOO_CLOSE) == [], f"{path or 'notice'} in {language}"
            if path == "/rehearsal":
                someone.page.goto(home)
                someone.admit()
                phone = someone.page.get_attribute('[data-step="phone"] .address', "href")


LABELS_APART = """() => {
  const names = [...document.querySelectorAll(".steps .step-name")].filter((one) => one.checkVisibility());
  const boxes = names.map((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return [one.textContent, range.getBoundingClientRect()];
  });
  const wrong = [];
  for (const [index, [words, box]] of boxes.entries()) {
    const next = boxes[index + 1]?.[1];
    if (next && box.right > next.left - 2) wrong.push(words);
    if (box.right > innerWidth) wrong.push(words + " is beyond the page");
  }
  return [boxes.length, wrong];
}"""
CURRENT = """(at) => [...document.querySelectorAll(".steps li")].forEach((item, index) =>
  index === at ? item.setAttribute("aria-current", "step") : item.removeAttribute("aria-current"))"""
WIDTHS = (641, 768, 1024, 1440)


@pytest.mark.promise("P18")
def test_labels_of_the_steps_never_overlap(service: Service) -> None:
    """On the notice with every step that there can be, in all languages, whichever is the current one, which
    is bold; from the width at which all have their words to a desktop's."""
    with candidate(service, "--identity-copy") as someone:
        home, tried = someone.page.url, 0
        for language in LANGUAGES:
            someone.page.goto(f"{home}?lang={language}")
            for width in WIDTHS:
                someone.page.set_viewport_size({"width": width, "height": 900})
                for at in range(6):
                    someone.page.evaluate(CURRENT, at)
                    shown, wrong = someone.page.evaluate(LABELS_APART)
                    assert (shown, wrong) == (6, []), (language, width, at)
                    tried += 1
        assert tried == 4 * len(WIDTHS) * 6
