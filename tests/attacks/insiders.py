"""A process that was taken over, with its database user: what it tries beyond the rights of its role."""

from collections.abc import Iterator
from functools import partial

import psycopg

from proctoring.migrations.rights import USERS, right
from tests.attacks.frame import Attack, Ground, Outcome
from tests.integration.test_database_rights import columns, connected, give, statement
from tests.support import postgres

TITLE = "Insiders: the database"
WHOLE = ("SELECT", "INSERT", "DELETE", "TRUNCATE")  # verbs on whole rows


def _beyond(user: str, _ground: Ground) -> Outcome:
    """Every verb on every table, for UPDATE on every column, that the role was not given."""
    url = postgres.server().fresh()
    try:
        give(url)
        with connected(url, user) as connection:
            tried = [_passes(connection, *case) for case in _cases(url, user)]
    finally:
        postgres.stop()
    return Outcome(len(tried), sum(tried))


def _cases(url: str, user: str) -> Iterator[tuple[str, str, str]]:
    for table, names in columns(url).items():
        given = right(user, table)
        yield from ((verb, table, names[0]) for verb in WHOLE if verb not in given.verbs)
        yield from (("UPDATE", table, name) for name in names if name not in given.update)


def _passes(connection: psycopg.Connection, verb: str, table: str, column: str) -> bool:
    try:
        connection.execute(statement(verb, table, column))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


ATTACKS = [
    Attack(f"{user} does to a table what is not its work (PostgreSQL)", partial(_beyond, user))
    for user in USERS
]
