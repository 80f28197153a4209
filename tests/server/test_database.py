"""The database of a server: what its connections may hold."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from exportkit.server.database import Database


def test_the_page_caches_of_all_connections_together_stay_small(tmp_path: Path) -> None:
    """Each stays as large as it once was, so that memory would grow with whatever is read by several threads."""
    database = Database(f"sqlite:///{tmp_path / 'exportkit.db'}")
    with ExitStack() as held:
        connections = [held.enter_context(database.reading()) for _ in range(32)]
        sizes = [connection.exec_driver_sql("PRAGMA cache_size").scalar_one() for connection in connections]
    database.dispose()
    # Less than nothing is KiB (a count of pages otherwise).
    assert max(sizes) < 0
    assert -sum(sizes) <= 16 << 10
