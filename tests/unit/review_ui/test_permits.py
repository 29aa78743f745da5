"""Permits: every route of the staff's pages, walked with what it says that it needs."""

from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest
from fastapi.routing import APIRoute

from proctoring.access.model import RULES, May, Relation, Role, may
from proctoring.casework.standing import relation
from review_ui.permit import Needs
from tests.support.asgi import routes
from tests.support.staff_site import staff_routes
from tests.support.world import World
from tests.unit.review_ui.conftest import Office, Staff

OPEN_TO_ANYBODY = {
    ("GET", "/"),  # sends whoever is signed in to their work, and everybody else to the sign-in page
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/{token}"),
    ("POST", "/sign-in/{token}"),
    ("POST", "/sign-out"),
}
OTHER_VALUES = {"stream": "webcam", "position": "0", "log": "activity"}


def declared(world: World) -> Iterator[tuple[str, str, list[Needs]]]:
    """Method and path of each route, and what it says that it needs."""
    for path, route in routes(staff_routes(world.core, world.opener, world.objects).routes):
        assert isinstance(route, APIRoute)
        needed = [one.call for one in route.dependant.dependencies if isinstance(one.call, Needs)]
        for method in route.methods or ():
            yield method, path, needed


def test_every_route_says_what_it_needs(world: World) -> None:
    """One permission each, and none at the addresses that are open to anybody."""
    found = {(method, path): needed for method, path, needed in declared(world)}
    assert {at for at, needed in found.items() if not needed} == OPEN_TO_ANYBODY
    assert all(len(needed) <= 1 for needed in found.values())
    asked = {needed.action for of_route in found.values() for needed in of_route}
    assert set(May) - asked == set()


def test_what_depends_on_the_relation_is_asked_of_a_session(world: World) -> None:
    """No rule that lets some relations pass is asked without one; the session is found by the address."""
    anybody = frozenset(Relation)
    by_relation = {action for (_, action), relations in RULES.items() if relations != anybody}
    for method, path, needed in declared(world):
        for one in needed:
            if one.action in by_relation:
                assert one.of is not None, (method, path)
            if one.of is not None:
                assert one.of.part in {name for _, name, _, _ in Formatter().parse(path)}, (method, path)


@pytest.mark.parametrize("role", Role)
def test_a_route_refuses_whom_its_permission_does_not_name(office: Office, role: Role) -> None:
    """By each role, with the relation that the person has: 403 exactly where the rules say no, and before
    the form is judged. Nobody who is not signed in gets anything."""
    session = office.world.ended()
    person, tried = office.hire("N. Baert", role), 0
    for method, path, needed in declared(office.world):
        if not needed or (needed[0].of and needed[0].of.part != "session_id"):
            continue
        at = path.format_map(OTHER_VALUES | {"session_id": session.id, "request_id": "r", "hold_id": "h"})
        action = needed[0].action
        if path == "/help/stream" and may(person.person, action):
            continue  # it goes on for minutes
        with office.world.core.db.read() as db:
            standing = relation(db, person.person, session.id) if needed[0].of else Relation.NONE
        headers = {"accept": "application/json"}
        assert office.client.request(method, at, headers=headers).status_code == 401, (method, path)
        answer = office.client.request(method, at, headers=headers | {"cookie": f"login={person.secret}"})
        allowed = may(person.person, action, standing)
        assert (answer.status_code != 403) == allowed, (method, path, answer.text)
        tried += 1
    assert tried > 20


def test_a_permit_holds_until_the_act(office: Office, proctor: Staff, colleague: Staff) -> None:
    """A right that ended after the route asked for it, and before the transaction, is none any more."""
    session = office.world.ended()
    proctor.post(f"/sessions/{session.id}/claim")
    begin = office.world.core.db.begin
    late = [session]

    def begun_late():  # type: ignore[no-untyped-def]
        if late:
            late.clear()
            assert proctor.post(f"/sessions/{session.id}/release").status_code == 303
            assert colleague.post(f"/sessions/{session.id}/claim").status_code == 303
        return begin()

    office.world.core.db.begin = begun_late  # type: ignore[method-assign]
    assert proctor.post(f"/sessions/{session.id}/release").status_code == 403


def test_the_queue_offers_what_it_takes(office: Office, proctor: Staff, colleague: Staff) -> None:
    """A session can be ticked exactly where ticking it is no refusal: not by who found it unclear, nor by
    who did not claim it, nor while a flag is open or it records."""
    world = office.world
    unclear, others, flagged, free = (world.ended() for _ in range(4))
    recording = world.admitted()
    world.begin(recording)
    proctor.post(f"/sessions/{unclear.id}/claim")
    proctor.post(f"/sessions/{unclear.id}/decide", outcome="unclear", note="Who speaks?")
    colleague.post(f"/sessions/{others.id}/claim")
    proctor.post(f"/sessions/{flagged.id}/claim")
    flag: dict[str, Any] = {"start_ms": 0, "end_ms": 0, "category": "unauthorised-aid", "severity": "minor"}
    proctor.post(f"/sessions/{flagged.id}/flags", **flag)
    page = proctor.get("/queue").text
    boxes = {one.split('"')[0]: "disabled" not in one.split(">")[0] for one in page.split('value="')[1:]}
    for session in (unclear, others, flagged, free, recording):
        answer = proctor.post("/queue/no-concern", session=session.id)
        assert (answer.status_code == 303) == boxes[session.id], (session.id, answer.text)
    assert boxes[free.id]
    assert not boxes[unclear.id]
