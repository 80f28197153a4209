"""Bringing a database to the tables of this release."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from exportkit.errors import RemoteIOError, UsageError
from exportkit.server.database import Database

__all__ = ["upgrade"]

#: Keeps servers that start at the same moment from migrating one database together.
_LOCK: Final = 0x65_78_70_6F


def upgrade(database: Database) -> None:
    """Run the migrations that the database has not had, in one transaction.

    Raises UsageError for a database of a later release, RemoteIOError for one that does not answer.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with database.writing() as connection:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        message = "The database is of a later release of exportkit; upgrade exportkit, or choose another database."
        raise UsageError(message) from error
    except SQLAlchemyError as error:
        message = f"The database {database.url.render_as_string(hide_password=True)} does not answer; check its URL."
        raise RemoteIOError(message) from error
