"""What each process may do to each table on PostgreSQL: a user per role, none may change the schema.

Invariant: no running process can alter or remove an entry of the custody ledger or an erasure certificate;
capture, which faces the world, sees nothing of staff and their logins.
"""

from collections.abc import Mapping

from psycopg import Connection, sql

from proctoring.db import Database
from proctoring.migrations.tables import METADATA

OWNER = "proctoring"
USERS = ("capture", "review", "worker")
APPEND_ONLY = frozenset({"custody_entries", "erasure_certificates"})
HIDDEN = {"capture": frozenset({"users", "sign_in_links", "logins"})}
DELETES = {
    "capture": {"gaps"},
    "review": {"gaps", "logins"},
    "worker": {"gaps", "logged_events", "signal_sheets"},
}
VERSION_TABLE = "alembic_version"


def rights(user: str, table: str) -> tuple[str, ...]:
    """What the user may do to the table, in SQL's words."""
    if table == VERSION_TABLE:
        return ("SELECT",)
    if table in HIDDEN.get(user, ()):
        return ()
    if table in APPEND_ONLY:
        return ("SELECT", "INSERT")
    deletes = ("DELETE",) if table in DELETES[user] else ()
    return ("SELECT", "INSERT", "UPDATE", *deletes)


def grant(database: Database, passwords: Mapping[str, str]) -> list[str]:
    """Make the users of `passwords` that are missing, and give all of them their passwords and exactly their
    rights; which were made. Harmless to repeat. Needs the owner of the database."""
    made = []
    with database.engine.begin() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, Connection)
        for user, password in passwords.items():
            if raw.execute("select 1 from pg_roles where rolname = %s", [user]).fetchone() is None:
                raw.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(user)))
                made.append(f"database user {user}")
            name = sql.Identifier(user)
            raw.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(password)))
            raw.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name))
            for table in (*METADATA.tables, VERSION_TABLE):
                if given := rights(user, table):
                    statement = sql.SQL("GRANT {} ON {} TO {}").format(
                        sql.SQL(", ").join(map(sql.SQL, given)), sql.Identifier(table), name
                    )
                    raw.execute(statement)
    return made
