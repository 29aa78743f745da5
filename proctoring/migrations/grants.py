"""Gives each database user exactly the rights of its role (`migrations.rights`); none changes the schema."""

from collections.abc import Mapping

from psycopg import Connection, sql

from proctoring.db import Database
from proctoring.migrations.rights import RIGHTS, Right

OWNER = "proctoring"


def grant(database: Database, passwords: Mapping[str, str]) -> list[str]:
    """Make the users of `passwords` that are missing, and give all of them their passwords and exactly their
    rights; which were made. Harmless to repeat. Needs the owner of the database."""
    made = []
    with database.engine.begin() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, Connection)
        # Before PostgreSQL 15 everybody may make tables of their own here.
        raw.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        raw.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC")
        for user, password in passwords.items():
            if raw.execute("select 1 from pg_roles where rolname = %s", [user]).fetchone() is None:
                raw.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(user)))
                made.append(f"database user {user}")
            name = sql.Identifier(user)
            raw.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(password)))
            raw.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name))
            for table, given in RIGHTS[user].items():
                statement = sql.SQL("GRANT {} ON {} TO {}")
                raw.execute(statement.format(_privileges(given), sql.Identifier(table), name))
    return made


def _privileges(given: Right) -> sql.Composable:
    """As GRANT lists them. A table-wide right of UPDATE is given to nobody."""
    listed: list[sql.Composable] = [sql.SQL(verb) for verb in sorted(given.verbs)]
    if given.update:
        columns = sql.SQL(", ").join(map(sql.Identifier, sorted(given.update)))
        listed.append(sql.SQL("UPDATE ({})").format(columns))
    return sql.SQL(", ").join(listed)
