"""The rehearsal in a real browser, through a real ingest: everything is tried, nothing is kept."""

import sqlite3
from contextlib import closing

import pytest

from tests.e2e.candidate_stage import candidate, service
from tests.support.service import Service
from tests.support.tables import OF_JOBS

__all__ = ["service"]

pytestmark = pytest.mark.live


def stored(service: Service) -> tuple[dict[str, list[tuple[object, ...]]], set[str]]:
    """Every row of every table but those that change with time alone, and every file of recordings."""
    with closing(sqlite3.connect(service.data / "proctoring.db")) as db:
        names = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
        rows = {name: db.execute(f"select * from {name}").fetchall() for name in names if name not in OF_JOBS}
    files = [*(service.data / "objects").rglob("*"), *(service.data / "spool").rglob("*")]
    return rows, {str(file) for file in files if file.is_file()}


@pytest.mark.promise("P18")
def test_a_rehearsal_tries_everything_and_keeps_nothing(service: Service) -> None:
    """From the notice's link to "everything works"; database and folders are what they were before."""
    with candidate(service, "--streams", "webcam,screen", "--identity-copy") as someone:
        before = stored(service)
        page = someone.page
        page.click('a[href$="/rehearsal"]')
        page.wait_for_selector("#rehearsal[data-working]")
        someone.shows("main", "Nothing is stored.")
        someone.give_camera()
        someone.give_screen()
        page.click("#connection-try")
        page.wait_for_selector('[data-step="end"]:not([hidden])')
        someone.shows("main", "nothing was stored")
        off = "given.flatMap(({media}) => media.getTracks()).every((track) => track.readyState === 'ended')"
        assert page.evaluate(off)
        assert stored(service) == before
        assert service.run("session", "show", someone.invited["session_id"])["state"] == "invited"
        page.click('[data-step="end"] a')
        someone.admit()


def test_what_does_not_arrive_is_told_with_what_to_try(service: Service) -> None:
    """A server that has no room: one instruction, and the button is still there."""
    with candidate(service, "--streams", "webcam") as someone:
        someone.page.goto(f"{someone.page.url}/rehearsal")
        someone.give_camera()
        someone.context.route(
            "**/rehearsal/whip*",
            lambda route: route.fulfill(status=409, json={"title": "Over", "detail": "Over.", "remedy": ""}),
        )
        someone.page.click("#connection-try")
        someone.page.wait_for_selector("#connection-failed:not([hidden])")
        someone.shows("#connection-failed", "Try again in a minute.")
        assert someone.page.is_visible("#connection-try")
