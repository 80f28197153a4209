"""A released dataset version has its bundle, and later exports of it only download."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from tests.server.served import Served, lines_of, start


def test_an_export_of_a_released_version_is_complete_at_once_and_reads_no_row(tmp_path: Path, bundle: Path) -> None:
    with start("--load", bundle, "--data", tmp_path) as server:
        released = server.post(f"/v2/ground-truth-dataset-versions/{server.version}/release/")["data"]
        assert (released["is_released"], released["status"]) == (True, "completed")
        assert server.get(f"/ground_truth_dataset_versions/{server.version}/")["is_released"] is True
        again = server.post(f"/v2/ground-truth-dataset-versions/{server.version}/release/")["data"]
        assert again["job_id"] == released["job_id"]
        ordinary = server.ended_job(server.enqueue("ground_truth", filter=version_of(server) | {"ids": "10-99999"}))
        assert "snapshot" not in ordinary["data"]

        # With no row left, whatever an export gives was written before.
        database = sqlite3.connect(tmp_path / "exportkit.db", timeout=30)
        database.execute("DELETE FROM ground_truth_event")
        database.execute("UPDATE document SET data = NULL")
        database.commit()
        database.close()

        body = {"storage_id": server.storage, "path": "x", "targets": ["ground_truth"], "filter": version_of(server)}
        answer = server.post("/v2/plugin_exports/", body, 202)["data"]
        assert (answer["status"], answer["snapshot"], answer["applied_count"]) == ("completed", True, 25)
        detail = server.get(f"/v2/async_jobs/{answer['job_id']}/")["data"]
        assert (detail["status"], detail["data"]["snapshot"], detail["data"]["count"]) == ("COMPLETED", True, 25)
        assert [one["event"] for one in server.events(answer["job_id"])] == ["connected", "async_job.completed"]
        assert lines_of(server, detail, "ground_truth") == lines_of(server, ordinary, "ground_truth")

        changed = server.ended_job(server.enqueue("ground_truth", filter=version_of(server) | {"ids": "10"}))
        assert (changed["data"]["count"], "snapshot" in changed["data"]) == (0, False)
        slim = {"include_original_files": False, "requires_source": False}
        assert server.ended_job(server.enqueue("ground_truth", **slim))["data"]["count"] == 0


def test_a_bundle_that_somebody_removed_is_written_anew(tmp_path: Path, bundle: Path) -> None:
    with start("--load", bundle, "--data", tmp_path) as server:
        server.post(f"/v2/ground-truth-dataset-versions/{server.version}/release/")
        detail = server.ended_job(server.enqueue("ground_truth"))
        assert detail["data"]["snapshot"] is True
        shutil.rmtree(server.folder / detail["data"]["manifest"]["prefix"])
        again = server.ended_job(server.enqueue("ground_truth"))
        assert (again["status"], again["data"]["count"]) == ("COMPLETED", 25)
        assert len(lines_of(server, again, "ground_truth")) == 25


def version_of(server: Served) -> dict[str, object]:
    return {"ground_truth_dataset_versions": [server.version]}
