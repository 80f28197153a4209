"""Labels of a plugin carry the list of their files, so ``exportkit verify`` tells whether they are the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.running.plugins import exportkit, params, plugin

SOURCE = Path(__file__).parents[2] / "fixtures" / "bundles" / "seed_tasks"
MAKING = """
from exportkit.actions import BaseExporter

class Made(BaseExporter):
    def convert_data(self, data):
        return {"id": data["id"]}

    def additional_file_saving(self, unique_export_path):
        (unique_export_path / "more").mkdir()
        (unique_export_path / "more" / "é.txt").write_text("more")
        (unique_export_path / "exportkit-files.jsonl").write_text("mine")
"""


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = plugin(tmp_path / "p", MAKING)
    ran = exportkit("run", "export", "-p", folder, "--source", SOURCE, "-o", tmp_path / "o", "--params", params())
    assert ran.code == 0, ran.err
    return Path(ran.result["output_path"])


def test_every_file_is_listed_in_order_and_verifies(labels: Path) -> None:
    listed = [json.loads(line)["path"] for line in (labels / "exportkit-files.jsonl").read_text().splitlines()]
    there = {path.relative_to(labels).as_posix() for path in labels.rglob("*") if path.is_file()}

    assert listed == sorted(there - {"exportkit-files.jsonl", "exportkit-manifest.json"})
    assert exportkit("verify", labels).code == 0


def test_a_changed_a_missing_and_a_new_file_are_named(labels: Path) -> None:
    first, second, *_ = sorted((labels / "labels").iterdir())
    first.write_text("{}")
    second.unlink()
    (labels / "new.txt").write_text("new")

    ran = exportkit("verify", labels, "--json")

    assert ran.code == 4
    assert {found["path"] for found in ran.result["differences"]} == {
        f"labels/{first.name}", f"labels/{second.name}", "new.txt",
    }  # fmt: skip


def test_a_changed_list_is_no_proof(labels: Path) -> None:
    with (labels / "exportkit-files.jsonl").open("a") as file:
        file.write("\n")

    assert exportkit("verify", labels).code == 4


@pytest.mark.parametrize("schema", ['["x"]', "{}", "7", '"exportkit-export/9"'])
def test_a_manifest_of_another_schema_is_refused(tmp_path: Path, schema: str) -> None:
    (tmp_path / "exportkit-manifest.json").write_text(f'{{"schema": {schema}}}')

    assert exportkit("verify", tmp_path).code == 2
