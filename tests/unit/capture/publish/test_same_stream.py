"""Two publishers of one stream: a page that did not know of another one takes nothing from it."""

import httpx2
import pytest

from capture.publish.ingests import Ingests
from capture.publish.same_stream import HEARD_S, PAGE_CHARS_MAX, Asker, gives_way, is_page
from capture.recorder import MemoryRecorder
from tests.unit.capture.publish.test_whip import GOOD, OFFER, check_problem, serve

FIRST, SECOND, NOBODY = Asker("first"), Asker("second"), Asker()
CHOSEN = Asker("second", chosen=True)


@pytest.mark.parametrize(
    ("earlier", "silent_s", "later", "gives"),
    [
        (FIRST, 0.0, FIRST, True),
        (NOBODY, 0.0, SECOND, True),
        (FIRST, 0.0, NOBODY, True),
        (NOBODY, 0.0, NOBODY, True),
        (FIRST, HEARD_S + 0.1, SECOND, True),
        (FIRST, HEARD_S, SECOND, False),
        (FIRST, 0.0, SECOND, False),
        (FIRST, 0.0, CHOSEN, True),
    ],
)
def test_who_gives_way(earlier: Asker, silent_s: float, later: Asker, gives: bool) -> None:
    """The rule's table."""
    assert gives_way(earlier, silent_s, later) is gives


@pytest.mark.parametrize("page", ["", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "a" * PAGE_CHARS_MAX])
def test_a_page_names_itself(page: str) -> None:
    """As browsers make random ids, or not at all."""
    assert is_page(page)


@pytest.mark.parametrize("page", ["a" * (PAGE_CHARS_MAX + 1), "a b", "é", "a\n", "../x", "\x00"])
def test_what_is_no_name_is_refused(page: str) -> None:
    """Nothing else is kept of an address."""
    assert not is_page(page)


def test_the_second_page_is_refused_until_it_is_chosen() -> None:
    """What the first one publishes goes on meanwhile; displaced, it does not take the stream back."""

    async def scenario(client: httpx2.AsyncClient, ingests: Ingests, _: MemoryRecorder) -> None:
        async def post(query: str) -> httpx2.Response:
            return await client.post(f"/whip{query}", content=OFFER, headers=GOOD)

        first = await post("?page=first")
        assert first.status_code == 201
        for query in ("?page=second", "?page=second&instead=0", "?page=second&instead=yes"):
            check_problem(await post(query), 423)
        assert len(ingests) == 1
        assert ingests.counters["refused-other"] == 3
        assert (await post("?page=second&instead=1")).status_code == 201
        check_problem(await post("?page=first"), 423)
        assert (await post("?page=second")).status_code == 201
        check_problem(await post("?page=no%20name"), 400)

    serve(scenario)


def test_other_clients_of_whip_come_back_as_ever() -> None:
    """A client that names no page takes the place of its earlier publish (RFC 9725)."""

    async def scenario(client: httpx2.AsyncClient, ingests: Ingests, _: MemoryRecorder) -> None:
        for _number in range(2):
            assert (await client.post("/whip", content=OFFER, headers=GOOD)).status_code == 201
        assert ingests.counters["refused-other"] == 0

    serve(scenario)
