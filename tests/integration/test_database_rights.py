"""The database rights of the roles on a real PostgreSQL: exactly those of the table in the code."""

from collections.abc import Iterator, Mapping
from itertools import product

import psycopg
import pytest
from psycopg import sql

from proctoring.db import Database
from proctoring.migrations.grants import grant
from proctoring.migrations.rights import RIGHTS, USERS, VERSION_TABLE, right
from proctoring.proofs.tables import METADATA
from tests.support import postgres

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
Rights = set[tuple[str, str, str]]
"""Each as (verb, table, column); the column only of UPDATE."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A database with the newest schema and the users of the roles."""
    fresh = postgres.server().fresh()
    give(fresh)
    yield fresh
    postgres.server().drop(fresh)


def give(url: str) -> list[str]:
    """Rights as `proctoring init` gives them; which users were made."""
    database = Database(url)
    made = grant(database, dict.fromkeys(USERS, "secret"))
    database.close()
    return made


def connected(url: str, user: str = "proctoring") -> psycopg.Connection:
    """As the role, or as the owner."""
    plain = url.replace("postgresql+psycopg://proctoring@", f"postgresql://{user}@")
    return psycopg.connect(plain, autocommit=True)


def columns(url: str) -> Mapping[str, list[str]]:
    """Every table of the database, with its columns."""
    found: dict[str, list[str]] = {}
    query = "select table_name, column_name from information_schema.columns where table_schema = 'public'"
    with connected(url) as connection:
        for table, column in connection.execute(query):
            found.setdefault(table, []).append(column)
    return found


def statement(verb: str, table: str, column: str = "") -> sql.Composed:
    """One that uses the right and changes nothing: PostgreSQL checks rights before it looks for rows."""
    forms = {
        "SELECT": "select * from {table} where false",
        "INSERT": "insert into {table} ({column}) select null where false",
        "UPDATE": "update {table} set {column} = null where false",
        "DELETE": "delete from {table} where false",
        "TRUNCATE": "truncate {table}",
    }
    return sql.SQL(forms[verb]).format(table=sql.Identifier(table), column=sql.Identifier(column))


def tried(connection: psycopg.Connection, every: Mapping[str, list[str]]) -> Rights:
    """What the database lets this user do, found by doing it."""
    may: Rights = set()
    for table, names in every.items():
        cases = [(verb, "") for verb in ("SELECT", "DELETE", "TRUNCATE")]
        cases += [("INSERT", names[0])] + [("UPDATE", name) for name in names]
        for verb, column in cases:
            try:
                connection.execute(statement(verb, table, column))
            except psycopg.errors.InsufficientPrivilege:
                continue
            may.add((verb, table, column if verb == "UPDATE" else ""))
    return may


def told(connection: psycopg.Connection, user: str, every: Mapping[str, list[str]]) -> Rights:
    """What the database says of this user, also of verbs that no statement tries."""
    may: Rights = set()
    for verb, table in product(VERBS, every):
        asked = connection.execute("select has_table_privilege(%s, %s, %s)", [user, table, verb]).fetchone()
        if asked == (True,):
            may.add((verb, table, "*" if verb == "UPDATE" else ""))
    for verb, table in product(("SELECT", "INSERT", "UPDATE", "REFERENCES"), every):
        for column in every[table]:
            query = "select has_column_privilege(%s, %s, %s, %s)"
            if connection.execute(query, [user, table, column, verb]).fetchone() == (True,):
                may.add((verb, table, column if verb == "UPDATE" else ""))
    return may


def written(user: str) -> Rights:
    """What the table in the code gives this user."""
    may: Rights = set()
    for table, given in RIGHTS[user].items():
        may |= {(verb, table, "") for verb in given.verbs}
        may |= {("UPDATE", table, column) for column in given.update}
    return may


@pytest.mark.promise("P12")
@pytest.mark.parametrize("user", USERS)
def test_a_role_may_exactly_what_the_table_says(url: str, user: str) -> None:
    """Every role × table × verb, and for UPDATE every column, by doing it and by what the catalogue says."""
    every = columns(url)
    assert set(every) == {*METADATA.tables, VERSION_TABLE}
    with connected(url, user) as connection:
        assert tried(connection, every) == written(user)
    with connected(url) as owner:
        assert told(owner, user, every) == written(user)


def test_the_table_names_only_what_there_is(url: str) -> None:
    """No right of a table or a column that was renamed."""
    every = columns(url)
    for user in USERS:
        for table, given in RIGHTS[user].items():
            assert table in every
            assert given.update <= set(every[table]), table
            assert given.verbs <= {"SELECT", "INSERT", "DELETE"}


def test_the_invariants_of_the_table() -> None:
    """Nobody changes ledger entries, leaves, certificates; only the worker removes a leaf. Capture changes no
    decision."""
    for user, table in product(USERS, ("custody_entries", "segments", "erasure_certificates")):
        assert not right(user, table).update
        assert ("DELETE" in right(user, table).verbs) is ((user, table) == ("worker", "segments"))
    for table in ("incidents", "reviews", "appeals", "holds", "exams", "identity_checks", "acts_copied"):
        assert not right("capture", table).update
    for table in ("sign_in_links", "logins"):
        assert not right("worker", table).verbs
    for table in ("users", "sign_in_links", "logins"):
        assert not right("capture", table).verbs
    keys = {("evidence_units", "sealed_private_key"), ("takes", "sealed_key")}
    may = {(user, *key) for user, key in product(USERS, keys) if key[1] in right(user, key[0]).update}
    assert may == {("worker", *key) for key in keys}


def test_a_new_table_is_closed_and_what_was_given_by_hand_is_taken_back() -> None:
    """A table that is not in the code's table is closed to every role, before and after `init`."""
    url = postgres.server().fresh()
    assert set(give(url)) <= {f"database user {user}" for user in USERS}
    with connected(url) as owner:
        owner.execute("create table novelty (id int)")
        owner.execute("grant all on exams to capture")
        owner.execute("grant update (reason) on holds to capture")
        owner.execute("grant select on users to public")
        for again in (False, True):
            every = columns(url)
            for user in USERS:
                found = told(owner, user, {"novelty": every["novelty"]})
                assert found == set()
                if again:
                    assert told(owner, user, every) == written(user)
            assert give(url) == []
    postgres.server().drop(url)


def test_the_roles_are_plain_users(url: str) -> None:
    """None is a superuser, makes databases, roles or tables, replicates, or is a member of another role."""
    query = "select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls from pg_roles"
    with connected(url) as owner:
        for user in USERS:
            assert owner.execute(f"{query} where rolname = %s", [user]).fetchone() == (False,)
            groups = "select count(*) from pg_auth_members m join pg_roles r on r.oid = m.member"
            assert owner.execute(f"{groups} where r.rolname = %s", [user]).fetchone() == (0,)
    for user in USERS:
        with connected(url, user) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table mine (id int)")
