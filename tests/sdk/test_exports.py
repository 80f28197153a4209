"""Whole exports of one plugin: by the existing package and by exportkit, in process and delegated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.existing import ExistingSdk, options_of
from tests.server.served import Announced, Served, start

PLUGIN = Path(__file__).parents[2] / "fixtures" / "item_recorder"
#: Each kind of payload, and each target.
BUNDLES = {"seed_tasks": "task", "dm_v1_assignments": "assignment", "dm_v2_wrapped_ground_truth": "ground_truth"}


@dataclass(frozen=True)
class Exported:
    """One bundle, exported four times over."""

    server: Served
    target: str
    #: Payloads of the bundle by the id of their row.
    payloads: dict[int, Any]
    storage: Path
    #: What each export told, by the folder that it wrote to.
    results: dict[str, Any]
    #: How the jobs ended that the server ran for each.
    jobs: dict[str, list[str]]


@pytest.fixture(scope="module", params=BUNDLES)
def exported(
    request: pytest.FixtureRequest, sdk: ExistingSdk, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exported]:
    """A bundle on a server of its own, exported by both programs and by both heads of each."""
    bundle, target = checkout / "fixtures" / "bundles" / request.param, BUNDLES[request.param]
    with start("--load", bundle, "--data", tmp_path_factory.mktemp("data")) as server:
        backend = server.announced
        storage = sdk.v1(backend)("get_storage", backend.storage_id)
        work = tmp_path_factory.mktemp("work")
        results, jobs = {}, {}
        for head, delegated in (("in_process", False), ("delegated", True)):
            for program in ("sdk", "ours"):
                name, known = f"{program}_{head}", set(jobs_of(server))
                params = params_of(backend, target, name)
                if program == "sdk":
                    results[name] = export_by_sdk(sdk, backend, params, delegated=delegated)
                else:
                    results[name] = export_by_exportkit(backend, params, work, delegated=delegated)
                jobs[name] = [status for job, status in jobs_of(server).items() if job not in known]
        place = Path(storage["configuration"]["location"])
        yield Exported(server, target, payloads_of(bundle / target), place, results, jobs)


def jobs_of(server: Served) -> dict[str, str]:
    """The status of each job that the server ever had."""
    return {job["id"]: job["status"] for job in server.get("/v2/async_jobs/")["data"]["results"]}


def payloads_of(folder: Path) -> dict[int, Any]:
    texts = (part.read_text(encoding="utf-8") for part in folder.glob("*.jsonl"))
    lines = (json.loads(line) for text in texts for line in text.splitlines())
    return {line["id"]: line["data"] for line in lines}


def params_of(backend: Announced, target: str, path: str) -> dict[str, Any]:
    return {
        "name": "all",
        "path": path,
        "storage": backend.storage_id,
        "target": target,
        "filter": backend.scope(target),
        "save_original_file": True,
    }


def export_by_sdk(sdk: ExistingSdk, backend: Announced, params: dict[str, Any], *, delegated: bool) -> Any:
    return sdk.do(
        "export",
        options=options_of(backend),
        v2_options=options_of(backend, tenant_token_prefix=True),
        plugin=str(PLUGIN),
        params=params,
        delegated=delegated,
    )


def export_by_exportkit(backend: Announced, params: dict[str, Any], work: Path, *, delegated: bool) -> Any:
    environment = {
        **os.environ,
        "SYNAPSE_HOST": backend.url,
        "SYNAPSE_ACCESS_TOKEN": backend.token,
        "SYNAPSE_PLUGIN_RUN_TENANT": backend.tenant,
        "SYNAPSE_EXPORT_DISABLE_ASYNC_DELEGATE": str(not delegated),
    }
    words = [sys.executable, "-m", "exportkit", "run", "export", "--plugin", str(PLUGIN)]
    done = subprocess.run(
        [*words, "--params", json.dumps(params)], env=environment, cwd=work, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def tree(folder: Path) -> dict[str, Any]:
    """What both write, by path: labels as what they say, originals as their bytes; what exportkit adds is left out.

    The release puts blanks between the members of its JSON, and exportkit none.
    """
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("exportkit-"))
    return {path.relative_to(folder).as_posix(): content_of(path) for path in paths}


def content_of(path: Path) -> Any:
    return json.loads(path.read_bytes()) if path.suffix == ".json" else path.read_bytes()


def labels(folder: Path) -> list[dict[str, Any]]:
    return [content for path, content in tree(folder).items() if "labels" in Path(path).parts]


def test_one_plugin_gets_the_same_items_from_either_program_by_either_head(exported: Exported) -> None:
    assert {item["id"]: item["data"] for item in labels(exported.storage / "sdk_in_process")} == exported.payloads
    trees = {name: tree(exported.storage / name / "all") for name in exported.results}
    expected = trees["sdk_in_process"]
    assert len([path for path in expected if path.startswith("origin_files/")]) == len(exported.payloads)
    for name, found in trees.items():
        assert found == expected, name


def test_either_program_tells_the_same_counts(exported: Exported) -> None:
    count = len(exported.payloads)
    for name, result in exported.results.items():
        assert (result["exported_count"], result["failed_count"], result["total_count"]) == (count, 0, count), name


def test_jobs_of_the_server_write_what_is_delegated_and_nothing_else(exported: Exported) -> None:
    assert exported.jobs == {
        "sdk_in_process": [],
        "ours_in_process": [],
        "sdk_delegated": ["COMPLETED"],
        "ours_delegated": ["COMPLETED"],
    }


def test_neither_program_leaves_anything_of_a_bundle_behind(exported: Exported) -> None:
    for name in ("sdk_delegated", "ours_delegated"):
        jobs = exported.storage / name / ".async_jobs"
        assert [path for path in jobs.rglob("*") if path.is_file()] == [], name


def test_a_delegated_export_of_a_selection_holds_the_selection(sdk: ExistingSdk, exported: Exported) -> None:
    first = min(exported.payloads)
    backend, known = exported.server.announced, set(jobs_of(exported.server))
    params = params_of(backend, exported.target, "selected")
    params["filter"]["ids"] = str(first)
    result = export_by_sdk(sdk, backend, params, delegated=True)
    assert result["exported_count"] == result["total_count"] == 1
    assert [item["id"] for item in labels(exported.storage / "selected")] == [first]
    assert len(set(jobs_of(exported.server)) - known) == 1
