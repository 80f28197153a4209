"""Formats that pip installed, through the command line: there after the install, gone after the removal."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.pip

FIXTURES = Path(__file__).parents[2] / "fixtures"
BUNDLE = FIXTURES / "bundles" / "seed_tasks"


def _environment_class() -> Any:
    """The environment that the other tests of installed plugins use, loaded by its path."""
    spec = importlib.util.spec_from_file_location(
        "installed_plugins", Path(__file__).with_name("test_installed_plugins.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.Environment


def _exportkit(environment: Any, *words: object, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(environment.python), "-m", "exportkit", *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
        check=False,
    )


def _items() -> list[dict[str, Any]]:
    parts = sorted((BUNDLE / "task").glob("*.jsonl"))
    return [json.loads(line) for part in parts for line in part.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("hatchling")
    environment = _environment_class()(tmp_path_factory.mktemp("good"))
    environment.install("good")
    return environment


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("hatchling")
    environment = _environment_class()(tmp_path_factory.mktemp("crowd"))
    environment.install("twin", "broken-import", "mistyped-hook", "newer-api")
    return environment


def test_an_installed_format_converts_checks_and_verifies(good: Any, tmp_path: Path) -> None:
    run = _exportkit(good, "convert", BUNDLE, "--to", "lines", "--to", "coco", "-o", tmp_path / "out")

    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out" / "lines" / "boxes.jsonl").is_file()
    for command in ("check", "verify"):
        judged = _exportkit(good, command, tmp_path / "out")
        assert judged.returncode == 0, judged.stdout + judged.stderr


def test_the_sample_sees_its_hooks_in_survey_and_encoding(good: Any, tmp_path: Path) -> None:
    calls = tmp_path / "calls"

    run = _exportkit(good, "convert", BUNDLE, "--to", "lines", "-o", tmp_path / "out", EXPORTKIT_LINES_CALLS=str(calls))

    assert run.returncode == 0, run.stderr
    seen = [line.split()[0] for line in calls.read_text(encoding="utf-8").splitlines()]
    records = len(_items())
    for hook in ("writers", "readers", "normalizers", "targets", "checkers"):
        assert f"exportkit_register_{hook}" in seen
    assert seen.count("exportkit_item_acquired") == 2 * records
    assert seen.count("exportkit_record_ready") == 2 * records
    assert seen.count("exportkit_dataset_published") == 1


def test_a_removed_format_is_unknown_again(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    environment = _environment_class()(tmp_path / "environment")
    environment.install("good")
    assert _exportkit(environment, "convert", BUNDLE, "--to", "lines", "-o", tmp_path / "a").returncode == 0

    environment.pip("uninstall", "--yes", "exportkit-lines")

    run = _exportkit(environment, "convert", BUNDLE, "--to", "lines", "-o", tmp_path / "b")
    assert run.returncode == 2
    assert "lines" in run.stderr
    assert not (tmp_path / "b").exists()


def test_a_twin_of_ours_has_to_be_chosen_by_its_owner(crowd: Any, tmp_path: Path) -> None:
    run = _exportkit(crowd, "convert", BUNDLE, "--to", "coco", "-o", tmp_path / "a")

    assert run.returncode == 2
    owners = [
        entry["distribution"]
        for entry in json.loads(_exportkit(crowd, "formats", "--json").stdout)["formats"]
        if entry["name"] == "coco"
    ]
    assert len(owners) == 2
    for owner in owners:
        assert f"coco@{owner}" in run.stderr
        chosen = _exportkit(crowd, "convert", BUNDLE, "--to", f"coco@{owner}", "-o", tmp_path / owner)
        assert chosen.returncode == 0, chosen.stderr


def test_broken_plugins_are_named_with_their_reason_and_stop_nothing(crowd: Any, tmp_path: Path) -> None:
    listed = json.loads(_exportkit(crowd, "plugins", "--json").stdout)
    run = _exportkit(crowd, "convert", BUNDLE, "--to", "yolo", "-o", tmp_path / "out")

    broken = {entry["distribution"]: entry["reason"] for entry in listed["plugins"] if entry["status"] == "broken"}
    assert len(broken) == 3
    assert all(broken.values())
    assert run.returncode == 0, run.stderr
    assert all(name in run.stderr for name in broken)


def test_our_own_formats_can_be_blocked_by_name(good: Any, tmp_path: Path) -> None:
    run = _exportkit(
        good, "convert", BUNDLE, "--to", "csv", "-o", tmp_path / "out", EXPORTKIT_BLOCK_PLUGINS="exportkit:csv"
    )

    assert run.returncode == 2
    assert "blocked" in run.stderr


HOOKS = """
from exportkit import hookimpl
import msgspec

@hookimpl
def exportkit_record_ready(record):
    if record.item_id == {dropped}:
        return False
    if record.item_id == {raising}:
        raise RuntimeError("no")
    renamed = tuple(msgspec.structs.replace(a, label="thing") for a in record.annotations)
    return msgspec.structs.replace(record, annotations=renamed)
"""


def test_a_record_hook_drops_replaces_and_fails_one_record_at_a_time(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    ids = [item["id"] for item in _items()]
    project = tmp_path / "project"
    project.mkdir()
    (project / "hooks_sample.py").write_text(HOOKS.format(dropped=ids[0], raising=ids[1]), encoding="utf-8")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "hooks-sample"\nversion = "1"\n'
        '[project.entry-points.exportkit]\nsample = "hooks_sample"\n'
        '[tool.hatch.build.targets.wheel]\ninclude = ["hooks_sample.py"]\n',
        encoding="utf-8",
    )
    environment = _environment_class()(tmp_path / "environment")
    environment.pip("install", "--no-index", "--no-deps", "--no-build-isolation", str(project))

    run = _exportkit(environment, "convert", BUNDLE, "--to", "coco", "-o", tmp_path / "out", "--json")

    assert run.returncode == 3, run.stdout + run.stderr
    (output,) = json.loads(run.stdout)["outputs"]
    assert output["records"] == {
        "listed": len(ids), "written": len(ids) - 2, "failed": 1, "gone": 0, "filtered": 1
    }  # fmt: skip
    assert output["codes"]["E_WRITER"] == {"": 1}
    assert output["classes"] == ["thing"]
