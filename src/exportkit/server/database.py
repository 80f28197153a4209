"""The database: SQLite in a file, or PostgreSQL; the same statements for both."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, Float, cast, create_engine, event, extract, func, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.sql.elements import ColumnElement

from exportkit.errors import UsageError

__all__ = ["Database"]

_BUSY_MILLISECONDS: Final = 30_000
_STATEMENT_MILLISECONDS: Final = 120_000
#: Of each connection. The system has read the pages anyway; a larger cache copies them once more, and stays.
_CACHE_KIB: Final = 256
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}",
    f"PRAGMA cache_size=-{_CACHE_KIB}",
)


class Database:
    """Transactions of three kinds; any thread may open them. Raises UsageError for a URL that is not understood."""

    def __init__(self, url: str) -> None:
        self.url = _understood(url)
        self.is_sqlite: Final = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            # The connection that was used last comes first: what one stream reads fills one cache, not eight.
            self.engine = create_engine(self.url, pool_size=8, max_overflow=24, pool_use_lifo=True)
            event.listen(self.engine, "connect", _set_up)
            event.listen(self.engine, "begin", _begin)
        else:
            self.engine = _postgres_engine(self.url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Hold a connection for statements that change nothing."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Commit at the end of the block. On SQLite writers wait for each other from the start of theirs."""
        with self.engine.connect().execution_options(immediate=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Read one state of everything, whatever is written meanwhile."""
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.engine.connect().execution_options(**level) as connection, connection.begin():
            yield connection

    @property
    def now(self) -> ColumnElement[float]:
        """Seconds since 1970 by the clock of the database, which all processes share."""
        if self.is_sqlite:
            return (func.julianday("now", type_=Float) - 2440587.5) * 86400.0
        return cast(extract("epoch", func.clock_timestamp()), Float)

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def is_alive(self) -> bool:
        """Ask the database for a sign of life."""
        with self.reading() as connection:
            return connection.execute(text("SELECT 1")).scalar() == 1


def _understood(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageError("The database URL cannot be read; write postgresql://USER@HOST/NAME.") from error
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise UsageError(f"The database {parsed.drivername!r} is not supported; take SQLite or PostgreSQL.")
    return parsed


def _postgres_engine(url: URL) -> Engine:
    try:
        # No statement of a server or worker takes long: lists, bulk and scans all read one page at a time.
        limits = {"options": f"-c statement_timeout={_STATEMENT_MILLISECONDS}"}
        return create_engine(url, pool_size=8, max_overflow=24, pool_pre_ping=True, connect_args=limits)
    except (ImportError, NoSuchModuleError) as error:
        raise UsageError("PostgreSQL needs an extra; install it with: pip install 'exportkit[postgres]'") from error


def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin, not behind its back
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
