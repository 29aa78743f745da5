"""Another site opens no evidence and enters no view in somebody's name; a person who follows its link
still may."""

from itertools import product

import pytest

from proctoring.access.model import Role
from proctoring.custody.model import Action
from tests.unit.review_ui.conftest import Office
from tests.unit.review_ui.test_head import OPENED, paths

__all__ = ["paths"]

FETCH = {"picture": ("no-cors", "image"), "script": ("cors", "empty"), "frame": ("navigate", "iframe"),
         "link": ("navigate", "document")}  # fmt: skip


def asked(site: str, how: str) -> dict[str, str]:
    mode, dest = FETCH[how]
    user = {"sec-fetch-user": "?1"} if how == "link" else {}
    return {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest} | user


@pytest.mark.promise("P12")
def test_no_view_is_entered_for_another_site(office: Office, paths: dict[str, str]) -> None:
    """At every address that opens evidence, whatever the other site makes the browser do: 403, and no entry.
    Our own pages, the address bar, a mail program and a script of the person's own open them."""
    proctor = office.hire("A. Proctor", Role.PROCTOR)
    proctor.post(f"{paths['/sessions/{session_id}']}/claim")
    opening = [path for path in paths.values() if OPENED.search(path)]
    assert len(opening) >= 5
    headers = {"cookie": f"login={proctor.secret}", "accept": "*/*"}
    for site, how, path in product(("cross-site", "same-site", "", "garbled"), FETCH, opening):
        assert office.client.get(path, headers=headers | asked(site, how)).status_code == 403, (
            site,
            how,
            path,
        )
    for path in opening:
        assert (
            office.client.get(path, headers=headers | {"origin": "https://evil.example"}).status_code == 403
        )
    assert office.ledger(Action.EVIDENCE_VIEW) == []
    for more in (asked("same-origin", "script"), asked("none", "script"), {}):
        for path in opening:
            assert office.client.get(path, headers=headers | more).status_code == 200, (more, path)
    assert office.ledger(Action.EVIDENCE_VIEW)


def test_a_link_in_a_mail_leads_to_the_session(office: Office) -> None:
    """From a mail program at once; from a mail read in a browser by one click of the person on our own page,
    which has no player and so opens nothing by itself."""
    session, proctor = office.world.ended(), office.hire("A. Proctor", Role.PROCTOR)
    headers = {"cookie": f"login={proctor.secret}", "accept": "text/html"}
    at_once = office.client.get(f"/sessions/{session.id}", headers=headers | asked("none", "link"))
    assert "player" in at_once.text
    asks = office.client.get(f"/sessions/{session.id}", headers=headers | asked("cross-site", "link"))
    assert asks.status_code == 200
    assert f'href="/sessions/{session.id}"' in asks.text
    assert "player" not in asks.text
    clicked = office.client.get(f"/sessions/{session.id}", headers=headers | asked("same-origin", "link"))
    assert clicked.text == at_once.text
