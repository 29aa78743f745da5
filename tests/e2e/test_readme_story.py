"""The README's story, clicked in Chromium as it is written there. Each step's docstring is the README's."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.candidate_stage import Candidate, chromium
from tests.e2e.plays import three_streams_play
from tests.support.service import clean_environment, free_port

ROOT = Path(__file__).parents[2]
LAST_LINE = "Stop with Ctrl-C"
REASONS = "A second person was in the room and answered."


@dataclass
class Demo:
    """What `make run` left in its terminal, and a browser for each of its people."""

    folder: Path
    browser: Browser
    links: dict[str, str]
    own: dict[str, BrowserContext]

    def page(self, who: str) -> Page:
        """A page of theirs; their link is followed the first time."""
        if who in self.own:
            return self.own[who].pages[0]
        self.own[who] = self.browser.new_context(viewport={"width": 1440, "height": 900}, locale="en")
        page = self.own[who].new_page()
        page.set_default_timeout(30_000)
        page.goto(self.links[who])
        page.click("form.go button")
        page.wait_for_selector(".bar")
        return page

    def terminal(self, command: str) -> str:
        """What a command of the README prints, in the folder that `make run` was called in."""
        done = subprocess.run(
            command, shell=True, cwd=self.folder, env=clean_environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    """As `make run` starts it."""
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/proctoring").symlink_to(Path(sys.executable).parent / "proctoring")
    command = [".venv/bin/proctoring", "serve", "--demo", "--port", str(free_port())]
    environment = clean_environment() | {"PROCTORING_ENV": "dev"}
    with (
        subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True
        ) as run,
        chromium() as browser,
    ):
        try:
            assert run.stdout is not None
            said = ""
            for line in run.stdout:
                said += line
                if LAST_LINE in line:
                    break
            links = dict(re.findall(r"^  (\S[\w ]*?) +(http://\S+/(?:sign-in|c)/\S+)$", said, re.MULTILINE))
            yield Demo(folder, browser, links, {})
        finally:
            run.terminate()


def commands(step: str) -> list[str]:
    """The commands that a step of the README names."""
    return [one for one in re.findall(r"`([^`]+)`", step) if ".venv/bin/" in one]


def reviewed(demo: Demo, _: str) -> None:
    """*reviewer*: play the session, claim it, look at its flags, decide an incident: everything is held from
    then on."""
    page = demo.page("reviewer")
    page.click("a:has-text('C-48217')")
    three_streams_play(page)
    page.click("button:has-text('Claim')")
    page.wait_for_selector("#player[data-ready]")
    while page.locator("li.flag:not(.is-done)").count():
        flag = page.locator("li.flag:not(.is-done)").first
        flag.locator(".flag-line").click()
        done = page.locator("li.flag.is-done").count()
        flag.locator("button[value=confirmed]").click()
        expect(page.locator("li.flag.is-done")).to_have_count(done + 1)
    page.check("input[name=outcome][value=incident]")
    page.select_option("#decision [name=category]", index=1)
    page.select_option("#decision [name=severity]", index=1)
    page.fill("#reasons", REASONS)
    page.click("#decision button:has-text('Send to a second person')")
    expect(page.locator("#panel-decision")).to_contain_text("The evidence is held meanwhile")


def agreed(demo: Demo, _: str) -> None:
    """*second reviewer*: play it too, and agree. Two people who have looked decide, never one, never a
    machine."""
    page = demo.page("second reviewer")
    page.click("nav a:has-text('Incidents')")
    page.click("a:has-text('Look and answer')")
    three_streams_play(page)
    page.click("button[value=agree]")
    expect(page.locator("main")).to_contain_text("Close and release the hold")


def held(demo: Demo, step: str) -> None:
    """In a second terminal: `.venv/bin/proctoring purge --dry-run --at 2099-01-01T00:00:00Z`. It says what
    stays and why: held."""
    (command,) = commands(step)
    said = demo.terminal(command)
    assert "held: incident" in said
    assert ": 0 would go" in said


def erased(demo: Demo, step: str) -> None:
    """*second reviewer*: close the incident. Run the same again: it would go. Only in development may it go
    before its day: `PROCTORING_ENV=dev .venv/bin/proctoring purge --at 2099-01-01T00:00:00Z`. Key, objects
    and copies are gone, a signed certificate is left."""
    page = demo.page("second reviewer")
    page.click("nav a:has-text('Incidents')")
    page.click("button:has-text('Close and release')")
    expect(page.locator("main")).to_contain_text("No incident is open")
    (dry_run,) = commands(held.__doc__ or "")
    assert "held" not in demo.terminal(dry_run)
    (command,) = commands(step)
    assert re.search(r": [1-9]\d* erased, 0 failed", demo.terminal(command))


def certified(demo: Demo, _: str) -> None:
    """*privacy desk*: read the certificate. *candidate*: sit an exam yourself, with your own camera."""
    page = demo.page("privacy desk")
    page.click("a[href^='/certificates/']")
    expect(page.locator("main")).to_contain_text("erased, absence verified, signed")
    context = demo.browser.new_context(locale="en")
    someone = Candidate(context, {"candidate_url": demo.links["candidate"]})
    someone.admit()
    someone.give_camera()
    someone.give_phone()
    someone.give_screen()
    someone.start()
    someone.stop()
    assert someone.troubles == []


STORY: tuple[Callable[[Demo, str], None], ...] = (reviewed, agreed, held, erased, certified)


def told() -> list[str]:
    """The steps of the README's story, each as one line."""
    after = (ROOT / "README.md").read_text().partition("open them in this order:")[2]
    story = after.partition("`make help`")[0]
    return [" ".join(step.split()) for step in re.findall(r"^\d\. (.+(?:\n   .+)*)", story, re.MULTILINE)]


@pytest.mark.live
def test_the_story_goes_as_it_is_told(tmp_path: Path) -> None:
    """Every step of the README, in its order, from the links that `make run` prints."""
    steps = told()
    assert steps == [" ".join((step.__doc__ or "").split()) for step in STORY]
    with demo(tmp_path) as shown:
        for step, text in zip(STORY, steps, strict=True):
            step(shown, text)
