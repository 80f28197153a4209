"""Tables, migrations and indexes: one and the same on both databases, and one seek for every page."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from exportkit.errors import UsageError
from exportkit.server.database import Database
from exportkit.server.filters import RowFilter
from exportkit.server.row_queries import RowQuery, keyset
from exportkit.server.schema import upgrade
from exportkit.server.tables import metadata
from exportkit.server.targets import TARGETS


def test_migrations_lead_to_the_tables_of_the_program(database: Database) -> None:
    upgrade(database)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_database_of_a_later_release_is_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match="later release"):
        upgrade(database)


@pytest.mark.parametrize("target", list(TARGETS.values()), ids=list(TARGETS))
@pytest.mark.parametrize("descending", [True, False])
def test_a_page_at_any_depth_is_one_seek_in_one_index(tmp_path: Path, target: object, descending: bool) -> None:
    """SQLite tells how it would answer: it searches by scope and key, and sorts nothing."""
    from exportkit.server.targets import Target

    assert isinstance(target, Target)
    made = Database(f"sqlite:///{tmp_path / 'plan.db'}")
    upgrade(made)
    is_event = target.name == "ground_truth"
    column = "version_id" if is_event else "project_id"
    scope = {"ground_truth_dataset_versions": [1]} if is_event else {"project": 1}
    query = RowQuery(1, RowFilter.of_object(target, scope, ""))
    ordered = query._ordered(target.key, descending, "slim").limit(100)
    statement = keyset(ordered, target.key, 500_000, descending)
    compiled = statement.compile(made.engine, compile_kwargs={"literal_binds": True})
    with made.reading() as connection:
        plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    made.dispose()
    (search,) = [step for step in plan if target.table.name in step]
    assert search.startswith(f"SEARCH {target.table.name} USING")
    bound = f"{target.key.name}{'<' if descending else '>'}?"
    assert f"tenant_id=? AND {column}=? AND {bound}" in search
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN") for step in plan)
