"""Run by a benchmark in a process of its own: the server's own scan of all rows into a file of JSON lines.

Reads ``{"settings": {…}, "project_id": n, "out": path}`` and prints what it took as one JSON object.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import msgspec

from exportkit.server.backend import Backend
from exportkit.server.filters import RowFilter
from exportkit.server.row_queries import RowQuery
from exportkit.server.rows import bundle_line, document_of
from exportkit.server.settings import ServerSettings
from exportkit.server.targets import TASK

_BATCH = 500


def main() -> None:
    """Scan and tell."""
    asked = json.load(sys.stdin)
    backend = Backend.open(msgspec.convert(asked["settings"], ServerSettings))
    query = RowQuery(1, RowFilter.of_object(TASK, {"project": asked["project_id"]}, ""))
    print("begun", flush=True)
    begun, cpu = time.perf_counter(), time.process_time()
    records = 0
    with backend.database.snapshot() as connection, Path(asked["out"]).open("wb") as file:
        for rows in query.scan(connection, TASK.id, _BATCH, None):
            file.writelines(bundle_line(b'{"id":%d' % row[0], document_of(row), lambda _mark: b"") for row in rows)
            records += len(rows)
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    backend.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "cpu": used, "peak": peak << 10, "records": records}))


if __name__ == "__main__":
    main()
