"""HEAD on every address of the candidate's pages: as GET, without a body, and nothing begins."""

import re
from functools import partial
from typing import Any

from sqlalchemy import select

from capture.identity_recorder import MemoryIdentityRecorder
from capture.pages import routes
from proctoring.proofs.tables import METADATA
from tests.support.asgi import AsgiClient, addresses
from tests.support.world import World


def _filled(values: dict[str, str], found: re.Match[str]) -> str:
    return values[found[1]]


def _rows(world: World) -> dict[str, list[Any]]:
    with world.core.db.read() as db:
        return {name: list(db.execute(select(table))) for name, table in METADATA.tables.items()}


def test_head_answers_as_get_and_begins_nothing(
    world: World, client: AsgiClient, images: MemoryIdentityRecorder
) -> None:
    """A preview of an invitation, of the phone's link or of any page behind them: same status and headers."""
    exam, links = world.exam(), world.core.links
    invited, over = world.session(exam), world.session(exam)
    client.post(f"/c/{links.invitation(over)}/admit")
    world.record(over)
    client.post(f"/c/{links.invitation(over)}/finish")
    paths = {path for method, path in addresses(routes(world.core, images)) if method == "GET"}
    assert len(paths) > 10
    before = _rows(world)
    seen = set()
    for session in (invited, over):
        values = {
            "invitation": links.invitation(session),
            "token": links.phone(session),
            "certificate_id": "none",
        }
        for path in sorted(paths):
            filled = re.sub(r"\{(\w+)\}", partial(_filled, values), path)
            head = client.request("HEAD", filled, headers={"accept": "text/html"})
            get = client.get(filled, headers={"accept": "text/html"})
            assert (head.status_code, head.content) == (get.status_code, b""), path
            assert dict(head.headers) == dict(get.headers), path
            seen.add(head.status_code)
    assert _rows(world) == before
    assert 200 in seen
    assert 500 not in seen
