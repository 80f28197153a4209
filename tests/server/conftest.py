"""Servers that the tests of this room share: one of each database, filled with the same bundle."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.served import Served, start, write_bundle
from tests.services import postgres_url, s3

from exportkit.server.database import Database
from exportkit.server.schema import upgrade

__all__ = ["bundle", "database_options", "fresh_database", "postgres_url", "s3", "served"]

#: Rows of the shared bundle; ids are far apart and not those of the lines.
COUNT = 25


def row(number: int) -> dict[str, Any]:
    """One row of the shared bundle: no two are alike, and some lack what others have."""
    found: dict[str, Any] = {
        "id": number * 10,
        "data": {"annotations": [{"category": f"c{number}", "bbox": [1, 2, 3, 4]}]},
    }
    if number % 3:
        found["data_unit"] = {"id": 1000 + number, "name": f"Picture {number}.JPG", "width": 40, "height": 30}
    if number % 4 == 0:
        found |= {"status_label": "in_progress", "split": "train", "group": f"g{number}"}
    if number % 5 == 0:
        found["pgh_id"] = 9000 + number
    return found


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared bundle, in ascending order of ids."""
    return write_bundle(tmp_path_factory.mktemp("bundle") / "b", [row(number) for number in range(1, COUNT + 1)])


@pytest.fixture(scope="session")
def fresh_database(postgres_url: str) -> Callable[[], str]:
    """Makes an empty database on the session's PostgreSQL and gives its URL."""

    def make() -> str:
        import psycopg

        name = f"t{secrets.token_hex(6)}"
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return postgres_url.rpartition("/")[0] + f"/{name}"

    return make


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind, with its tables."""
    url = f"sqlite:///{tmp_path / 'exportkit.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("fresh_database")()
    made = Database(url)
    upgrade(made)
    yield made
    made.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def database_options(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What the command line says of each database."""
    if request.param == "sqlite":
        return ()
    return ("--database", request.getfixturevalue("fresh_database")())


@pytest.fixture(scope="session")
def served(
    tmp_path_factory: pytest.TempPathFactory, bundle: Path, database_options: tuple[str, ...]
) -> Iterator[Served]:
    """A server with the shared bundle, which no test fills, releases or stops."""
    data = tmp_path_factory.mktemp("served")
    with start("--load", bundle, "--data", data, *database_options) as server:
        yield server
