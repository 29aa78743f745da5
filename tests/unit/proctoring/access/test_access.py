"""Rights of each role, and signing in."""

from datetime import timedelta
from itertools import product

import pytest

from proctoring.access import service
from proctoring.access.model import RULES, May, Person, Relation, Role, is_for_all, may, require
from proctoring.errors import Conflict, Denied, NotSignedIn, TokenRefused
from tests.support.world import ADMIN, World


@pytest.mark.promise("P12")
@pytest.mark.parametrize(("role", "action"), list(product(Role, May)))
def test_what_no_rule_allows_is_denied(role: Role, action: May) -> None:
    """For every role, action and relation: allowed where a rule says so, else Denied with a remedy."""
    person = Person("p1", "P", role)
    allowed = RULES.get((role, action), frozenset())
    for relation in Relation:
        assert may(person, action, relation) == (relation in allowed)
        if relation not in allowed:
            with pytest.raises(Denied) as refusal:
                require(person, action, relation)
            assert refusal.value.remedy


@pytest.mark.promise("P12")
def test_footage_is_seen_by_proctors_and_the_committee_of_an_open_appeal_only() -> None:
    """Privacy officer, exam administrator, auditor and operator see no footage; nor does the committee
    without an appeal."""
    sees = {
        (role, relation)
        for role, relation in product(Role, Relation)
        if may(Person("p", "P", role), May.VIEW_EVIDENCE, relation)
    }
    assert {role for role, _ in sees} == {Role.PROCTOR, Role.COMMITTEE}
    assert {relation for role, relation in sees if role is Role.COMMITTEE} == {Relation.OPEN_APPEAL}


@pytest.mark.promise("P19")
@pytest.mark.parametrize("role", Role)
def test_a_relation_is_left_out_only_where_it_decides_nothing(role: Role) -> None:
    """Where the relation is not looked up, `may` says yes to every relation."""
    person = Person("x", "X", role)
    for action in May:
        if is_for_all(person, action):
            assert all(may(person, action, relation) for relation in Relation), action


def test_nobody_is_signed_in_for_a_centre() -> None:
    """Until centres have an environment of their own, no role is for their people: they see no session."""
    body = {"proctor", "committee", "privacy-officer", "exam-admin", "auditor", "operator"}
    assert {role.value for role in Role} == body
    assert {role for role, _ in RULES} <= set(Role)


def test_nobody_agrees_with_their_own_incident() -> None:
    """The person who decided may not be the second person."""
    assert not may(Person("p", "P", Role.PROCTOR), May.CONFIRM_INCIDENT, Relation.DECIDED_INCIDENT)


def test_a_sign_in_link_works_once_and_for_a_day(world: World) -> None:
    """Used or expired links are refused; the login they gave lasts its own time."""
    core = world.core
    with core.db.begin() as db:
        person = service.add_user(db, core, ADMIN, "M. Claes", Role.PROCTOR)
        used, stale = (service.new_link(db, core, ADMIN, person) for _ in range(2))
    with core.db.begin() as db:
        assert service.link_owner(db, core, used) == person
        _, secret = service.begin_login(db, core, used)
        assert service.who(db, core, secret) == person
    with core.db.begin() as db, pytest.raises(TokenRefused, match="used already"):
        service.begin_login(db, core, used)
    world.clock.now += service.LINK_VALID
    with core.db.begin() as db, pytest.raises(TokenRefused, match="expired"):
        service.begin_login(db, core, stale)
    world.clock.now += service.LOGIN_VALID - service.LINK_VALID + timedelta(seconds=1)
    with core.db.read() as db, pytest.raises(NotSignedIn):
        service.who(db, core, secret)


def test_signing_out_ends_the_login_at_the_server(world: World) -> None:
    """A copied cookie is worth nothing afterwards, and neither is a made-up one."""
    core = world.core
    with core.db.begin() as db:
        person = service.add_user(db, core, ADMIN, "T. Peeters", Role.PROCTOR)
        _, secret = service.begin_login(db, core, service.new_link(db, core, ADMIN, person))
        service.end_login(db, secret)
    for wrong in (secret, "guess", "", None):
        with core.db.read() as db, pytest.raises(NotSignedIn):
            service.who(db, core, wrong)


def test_secrets_are_stored_as_hashes_only(world: World) -> None:
    """Neither a link's token nor a login's secret is in the database file."""
    core = world.core
    with core.db.begin() as db:
        person = service.add_user(db, core, ADMIN, "A. Auditor", Role.AUDITOR)
        token = service.new_link(db, core, ADMIN, person)
    with core.db.begin() as db:
        _, secret = service.begin_login(db, core, token)
    core.db.close()
    stored = b"".join(file.read_bytes() for file in world.folder.glob("world.db*"))
    assert token.encode() not in stored
    assert secret.encode() not in stored


def test_two_people_with_one_name_are_refused(world: World) -> None:
    """A name signs one person."""
    with world.core.db.begin() as db:
        service.add_user(db, world.core, ADMIN, "J. Maes", Role.PROCTOR)
        with pytest.raises(Conflict):
            service.add_user(db, world.core, ADMIN, " J. Maes ", Role.AUDITOR)
