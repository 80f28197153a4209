"""What a page costs at any depth, and how fast rows leave the server: by hand, on as many rows as are asked for.

Run ``python -m tests.benchmarks.server_pages --rows 1000000``; rows are put straight into a SQLite database.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import tracemalloc
from pathlib import Path
from statistics import median

from sqlalchemy import insert, text

from exportkit.server import tables
from exportkit.server.backend import Backend
from exportkit.server.bundle_job import write_bundle
from exportkit.server.export_request import ExportOrder
from exportkit.server.filters import RowFilter
from exportkit.server.principals import Principal, tenant_account
from exportkit.server.row_queries import RowQuery
from exportkit.server.rows import RowForm, bundle_line, document_of, head_line
from exportkit.server.schema import upgrade
from exportkit.server.settings import ServerSettings
from exportkit.server.targets import TASK

_BATCH = 20_000
_DEPTHS = (0.0, 0.25, 0.5, 0.75, 0.9)


def fill(backend: Backend, rows: int, payload: int) -> Principal:
    """Put tasks with payloads of one size into two projects, every other row in each."""
    data = b'{"annotations":[],"filler":"' + b"x" * max(0, payload - 30) + b'"}'
    with backend.database.writing() as connection:
        caller = tenant_account(connection, "benchmark")
        for number in (1, 2):
            values = {"id": number, "tenant_id": caller.tenant_id, "name": "p", "configuration": "{}"}
            connection.execute(insert(tables.project).values(values))
        for start in range(1, rows + 1, _BATCH):
            numbers = range(start, min(start + _BATCH, rows + 1))
            tenant = {"tenant_id": caller.tenant_id}
            shared = {"data": data, "data_size": len(data), "data_digest": "0" * 64, "like_wrapper": False}
            documents = [{**tenant, "id": one, **shared, "rest": b"", "search": ""} for one in numbers]
            connection.execute(insert(tables.document), documents)
            state = {"has_data": True, "is_discarded": False, "status_label": "completed", "created": "2026"}
            tasks = [
                {**tenant, "id": one, "project_id": 1 + one % 2, "data_unit_id": one, "document_id": one, **state}
                for one in numbers
            ]
            connection.execute(insert(tables.task), tasks)
    return caller


def page_costs(backend: Backend, caller: Principal, rows: int, form: RowForm) -> dict[str, float]:
    """Milliseconds of a page of 1,000 rows at each depth, the median of nine."""
    query = RowQuery(caller.tenant_id, RowFilter.of_object(TASK, {"project": 1}, ""))
    costs = {}
    for depth in _DEPTHS:
        last = rows + 1 - int(rows * depth)
        times = []
        for _ in range(9):
            begun = time.perf_counter()
            with backend.database.reading() as connection:
                query.behind(connection, 1000, last, descending=True, form=form)
            times.append(time.perf_counter() - begun)
        costs[f"{depth:.1%}"] = round(1000 * median(times), 2)
    return costs


def scan_cost(backend: Backend, caller: Principal) -> float:
    """Seconds of the bare scan into lines, which are thrown away."""
    query = RowQuery(caller.tenant_id, RowFilter.of_object(TASK, {"project": 1}, ""))
    begun = time.perf_counter()
    with backend.database.snapshot() as connection:
        for batch in query.scan(connection, TASK.id, 500, None):
            for row in batch:
                bundle_line(head_line(TASK, row), document_of(row), lambda mark: b"")
    return time.perf_counter() - begun


def job_cost(backend: Backend, caller: Principal, folder: Path) -> float:
    """Seconds of a whole bundle."""
    order = ExportOrder(
        target="task",
        storage_id=1,
        path="x",
        filter={"project": 1},
        applied_filter={"project": 1},
        stages_originals=True,
        origin="http://localhost",
    )
    begun = time.perf_counter()
    write_bundle(backend, caller.tenant_id, "job", order, folder, "x", "x", lambda done, total: None)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--payload", type=int, default=200, help="bytes of each payload")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backend = Backend.open(ServerSettings(data=name, database=f"sqlite:///{folder / 'rows.db'}"))
        upgrade(backend.database)
        caller = fill(backend, given.rows, given.payload)
        with backend.database.writing() as connection:
            connection.execute(text("ANALYZE"))
        found = {
            "rows": given.rows,
            "page of 1000 ids, ms": page_costs(backend, caller, given.rows, "keys"),
            "slim page of 1000, ms": page_costs(backend, caller, given.rows, "slim"),
            "full page of 1000, ms": page_costs(backend, caller, given.rows, "full"),
            "scan, s": round(scan_cost(backend, caller), 2),
            "bundle, s": round(job_cost(backend, caller, folder / "bundle"), 2),
        }
        tracemalloc.start()
        scan_cost(backend, caller)
        found["peak of the scan, MB"] = round(tracemalloc.get_traced_memory()[1] / 1e6, 1)
        backend.close()
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
