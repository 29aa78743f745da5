"""The files of a page: fetched once."""

from playwright.sync_api import Page

STATIC = """() => performance.getEntriesByType("resource").filter((one) => one.name.includes("/static/"))
  .map((one) => ({ name: one.name, bytes: one.transferSize }))"""


def test_a_page_fetches_its_files_once(page: Page) -> None:
    """Opened again, a session's page fetches none of its modules and style sheets."""
    first = page.evaluate(STATIC)
    assert sum(one["bytes"] for one in first) > 0
    page.goto(page.url)
    page.wait_for_selector("#player[data-ready]")
    again = page.evaluate(STATIC)
    assert {one["name"] for one in again} == {one["name"] for one in first}
    assert {one["name"] for one in again if one["bytes"]} == set()
