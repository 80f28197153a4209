"""Exports that run at the same time, and those that have nothing to export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.actions.workshop import rows, run, tree

from exportkit.actions import BaseExporter, FormatExporter

BOTH = pytest.mark.parametrize(
    ("base", "more"), [(BaseExporter, {}), (FormatExporter, {"format": "csv"})], ids=["labels", "dataset"]
)


@BOTH
def test_an_export_that_begins_within_another_takes_the_next_name(
    tmp_path: Path, base: type[BaseExporter], more: dict[str, Any]
) -> None:
    inner: list[dict[str, Any]] = []

    class Outer(base):  # type: ignore[valid-type,misc]
        def convert_data(self, data: dict[str, Any]) -> Any:
            if not inner:
                inner.append(run(base, tmp_path, rows(2), **more))
            return data

    outer = run(Outer, tmp_path, rows(2), **more)

    assert [outer["output_path"], inner[0]["output_path"]] == [
        str(tmp_path / "exports/mine"), str(tmp_path / "exports/mine(1)"),
    ]  # fmt: skip
    assert tree(tmp_path / "exports/mine") == tree(tmp_path / "exports/mine(1)")
    assert {path.name for path in (tmp_path / "exports").iterdir()} == {"mine", "mine(1)"}


@BOTH
def test_a_name_that_somebody_takes_meanwhile_stays_theirs(
    tmp_path: Path, base: type[BaseExporter], more: dict[str, Any]
) -> None:
    class Slow(base):  # type: ignore[valid-type,misc]
        def convert_data(self, data: dict[str, Any]) -> Any:
            theirs = tmp_path / "exports/mine"
            theirs.mkdir(parents=True, exist_ok=True)
            (theirs / "theirs.txt").write_text("theirs")
            return data

    result = run(Slow, tmp_path, rows(2), **more)

    assert result["output_path"] == str(tmp_path / "exports/mine(1)")
    assert [dataset["path"] for dataset in result.get("datasets", [])] == [result["output_path"]] * len(more)
    assert tree(tmp_path / "exports/mine") == ["theirs.txt"]
    assert len(tree(tmp_path / "exports/mine(1)")) > 2


@pytest.mark.parametrize("finalizes", [True, False])
def test_an_empty_export_is_finalized_where_the_exporter_asks_for_it(tmp_path: Path, finalizes: bool) -> None:
    class Aggregate(BaseExporter):
        finalize_empty_export = finalizes

        def additional_file_saving(self, unique_export_path: Path) -> None:
            (unique_export_path / "sum.json").write_text("[]")

    result = run(Aggregate, tmp_path, [])

    assert (result["status"], result["exported_count"]) == ("complete", 0)
    published = tree(Path(result["output_path"])) if result.get("output_path") else []
    assert ("sum.json" in published) is finalizes


def test_an_empty_dataset_is_published_complete(tmp_path: Path) -> None:
    result = run(FormatExporter, tmp_path, [], format="coco")

    assert (result["status"], result["exported_count"]) == ("complete", 0)
    assert "annotations/instances_train.json" in tree(Path(result["output_path"]))
