"""The database: one transaction per request or job. SQLite for one machine, PostgreSQL beyond.

On SQLite every writing transaction takes the write lock when it begins (BEGIN IMMEDIATE), so two of them
never both read before either writes. Deleted rows are overwritten (secure_delete).

On PostgreSQL a writing transaction runs at READ COMMITTED, whatever the server's default. A reading one runs
at REPEATABLE READ, read only: it sees one instant, as on SQLite.

Services therefore decide by conditional updates, or on rows that they have locked. All lock in one order, so
that none waits for another in a circle:

    exam, sessions by id, the decision's own row (review, incident, appeal, hold), evidence units by id,
    takes, summaries by session, counts by exam, the ledger's head

Capture locks no exam: it may change none.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from weakref import finalize

import psycopg
from sqlalchemy import (
    URL,
    BigInteger,
    DateTime,
    Dialect,
    Index,
    MetaData,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker
from sqlalchemy.types import TypeDecorator

from proctoring.clock import Clock
from proctoring.errors import Contended, Invalid, Unavailable
from proctoring.private_files import keep_private
from proctoring.tolerant import read_any_instant

BUSY_TIMEOUT_MS = 15_000
DATABASE_CONNECTIONS_MAX = 15  # of a process; each that was needed stays open for the next who needs it
ATTEMPTS_MAX = 5
WRITING_ISOLATION = "READ COMMITTED"
LOST_RACE: Final = frozenset({"40001", "40P01"})  # SQLSTATE: serialization failure, deadlock
BEFORE_COMMIT = "before_commit"
LAST = "last"
ANNOUNCED = "announced"

T = TypeVar("T")


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC on every database. Refuses a datetime without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Milliseconds = Annotated[int, mapped_column(BigInteger)]
"""Media time. 64 bits: with 32, a clock that is wrong by a month would refuse what is recorded."""


class Row(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant}  # noqa: RUF012 - SQLAlchemy's own declaration


def few(name: str, *columns: str, of: str) -> Index:
    """An index of those rows only of which the condition `of` (SQL) is true: a job finds them without reading
    the others."""
    return Index(name, *columns, sqlite_where=text(of), postgresql_where=text(of))


class Database:
    """Transactions on one database. `clock` replaces the database's own in tests.

    Its connections are closed by `close`, or when nobody has it any more.
    """

    def __init__(
        self, url: str | URL, isolation: str = WRITING_ISOLATION, clock: Clock | None = None
    ) -> None:
        self._clock = clock
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        pool = {"pool_size": DATABASE_CONNECTIONS_MAX, "max_overflow": 0, "pool_use_lifo": True}
        if make_url(url).get_backend_name() == "sqlite":
            kept = pool if make_url(url).database else {}  # one in memory has a pool of its own kind
            self.engine = create_engine(url, hide_parameters=True, **kept)
            event.listen(self.engine, "do_connect", _keep_private)
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            reading = self.engine.execution_options(reading=True)
        else:
            self.engine = create_engine(
                url, isolation_level=isolation, pool_pre_ping=True, hide_parameters=True, **pool
            )
            event.listen(self.engine, "handle_error", _forget_values)
            event.listen(self.engine, "connect", lambda connection, _: read_any_instant(connection))
            reading = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._writing = sessionmaker(self.engine, expire_on_commit=False)
        self._reading = sessionmaker(reading, expire_on_commit=False)
        event.listen(self._writing, "before_commit", _run_before_commit)
        finalize(self, self.engine.dispose)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One writing transaction: commits at the end, rolls back on any exception.

        Raises Contended when the database let another transaction win; nothing was changed then. Raises
        Invalid for text with a NUL.
        """
        try:
            with self._writing.begin() as db:
                yield db
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in LOST_RACE:
                raise Contended(
                    "Somebody else changed the same recordings at this very moment.",
                    "Try again.",
                    "contended",
                ) from error
            _refuse_nul(error)
            raise
        for what in sorted(db.info.pop(ANNOUNCED, ())):
            for work in self._listeners.get(what, ()):
                work()

    def listen(self, what: str, work: Callable[[], None]) -> None:
        """Call `work`, which raises nothing, after every commit of a transaction that announced `what`, and
        before its caller goes on."""
        self._listeners.setdefault(what, []).append(work)

    def transact(self, work: Callable[[Session], T]) -> T:
        """`work` in a writing transaction of its own, again while another wins, ATTEMPTS_MAX times at most.

        `work` must do nothing but what its transaction undoes. Raises Contended.
        """
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                with self.begin() as db:
                    return work(db)
            except Contended:
                continue
        with self.begin() as db:
            return work(db)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One reading transaction; what it would write is an error (on SQLite when another writes). Raises
        Invalid for text with a NUL."""
        try:
            with self._reading.begin() as db:
                yield db
        except DBAPIError as error:
            _refuse_nul(error)
            raise

    def now(self, db: Session) -> datetime:
        """The present instant by the database's own clock, the same for every worker."""
        if self._clock is not None:
            return self._clock()
        if self.engine.dialect.name == "sqlite":
            text_now = db.scalar(text("select strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"))
            return datetime.fromisoformat(str(text_now))
        instant: datetime = db.execute(text("select clock_timestamp()")).scalar_one()
        return instant.astimezone(UTC)

    def forget_deleted(self) -> None:
        """See that overwritten values are gone from the database's own log too. Raises Unavailable.

        SQLite keeps them in its write-ahead log, which is emptied here. PostgreSQL's log is beyond us: that
        is why a row never holds more than a sealed key, and why epochs are destroyed.
        """
        if self.engine.dialect.name != "sqlite":
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise Unavailable("The database's log is in use and still holds a key.", "It is tried again.")

    def check(self) -> None:
        """Raises the driver's error unless the database answers."""
        with self.engine.connect() as connection:
            connection.execute(text("select 1"))

    def close(self) -> None:
        self.engine.dispose()


def before_commit(db: Session, key: str, work: Callable[[Session], None], last: bool = False) -> None:
    """Run `work` in the transaction just before it commits; once, whatever the number of calls with `key`.
    `last`: after all that is not."""
    db.info.setdefault(LAST if last else BEFORE_COMMIT, {}).setdefault(key, work)


def announce(db: Session, what: str) -> None:
    """Whoever listens for `what` is called once the caller's transaction has been committed."""
    db.info.setdefault(ANNOUNCED, set()).add(what)


def _forget_values(context: ExceptionContext) -> None:
    """An error reaches the log: leave out PostgreSQL's detail, which quotes the row that it refused."""
    error, wrapped = context.original_exception, context.sqlalchemy_exception
    if isinstance(error, psycopg.Error) and error.diag.message_primary is not None:
        error.args = (error.diag.message_primary,)
        if wrapped is not None:
            wrapped.args = (f"({type(error).__name__}) {error.diag.message_primary}",)


def _refuse_nul(error: DBAPIError) -> None:
    """PostgreSQL's driver sends no NUL: an id or a text that came with one was never one of ours."""
    if isinstance(error, DataError) and "NUL" in str(error.orig):
        raise Invalid("There is a NUL character in the request.", "Send it again without.", "nul") from error


def _run_before_commit(db: Session) -> None:
    db.flush()
    for when in (BEFORE_COMMIT, LAST):
        for work in db.info.pop(when, {}).values():
            work(db)


def _keep_private(_dialect: Any, _record: Any, arguments: list[Any], _named: Any) -> None:
    if arguments and arguments[0] != ":memory:":
        keep_private(Path(arguments[0]))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event says BEGIN, not the driver
    connection.text_factory = partial(
        str, encoding="utf-8", errors="replace"
    )  # text that is none is read too
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
