"""A pandas DataFrame of the long table in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from tests.conversion.workbench import FIXTURES, Workbench, box, item
from tests.formats.csv.test_parquet import long_rows

from exportkit import Export, Record, UsageError
from exportkit.transforms import keep_classes

BUNDLES = sorted(folder.name for folder in (FIXTURES / "bundles").iterdir())
TYPES = {
    "split": "string", "image_id": "Int64", "image_width": "Int32", "id": "Int64", "label": "string",
    "label_id": "Int64", "x": "Float64", "score": "Float64", "iscrowd": "boolean", "frame": "Int64",
    "group_id": "string", "polygons": "object", "keypoints": "object", "attributes": "string",
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def values(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.astype(object).to_dict("records")
    return [{str(name): None if value is pd.NA else value for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_frame_equals_the_table_of_the_command_line(bench: Workbench, bundle: str) -> None:
    run = bench.convert(FIXTURES / "bundles" / bundle, "--to", "csv:raw=yes", "--media", "none")
    frame = Export(FIXTURES / "bundles" / bundle).to_dataframe()

    assert values(frame) == long_rows(bench.out / "annotations.csv")
    assert {name: str(frame[name].dtype) for name in TYPES} == TYPES
    (output,) = run.data["outputs"]
    account = frame.attrs["exportkit"]
    assert (account["annotations"], account["records"]) == (output["annotations"], output["records"])
    assert [error["code"] for error in account["errors"]] == [error["code"] for error in bench.errors()]


def test_transforms_splits_and_options_hold_for_the_frame(bench: Workbench) -> None:
    bundle = bench.bundle([item(n, box("cat"), box("dog", x=35)) for n in range(1, 40)])

    def only_even(record: Record) -> bool:
        return isinstance(record.item_id, int) and record.item_id % 2 == 0

    export = Export(bundle).filter(only_even, keep_classes("dog")).split("train=0.8,val=0.2", "random").to("coco")
    frame = export.to_dataframe(invalid="fail", workers=1)

    assert frame["label"].dropna().empty
    assert set(frame["image_id"]) == set(range(2, 40, 2))
    assert set(frame["split"]) == {"train", "val"}
    assert frame.attrs["exportkit"]["codes"]["E_OUT_OF_BOUNDS"] == {"dog": 19}


def test_nothing_is_left_behind_and_the_bundle_is_untouched(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box())])
    before = sorted(path.as_posix() for path in bench.folder.rglob("*"))

    Export(bundle).to_dataframe()
    assert sorted(path.as_posix() for path in bench.folder.rglob("*")) == before


def test_big_numbers_stay_exact_beside_absent_ones(bench: Workbench) -> None:
    bundle = bench.bundle([item(2**53 - 1, box(frame=2**63 - 1), box(score=0.1)), item(5)])
    frame = Export(bundle).to_dataframe()

    assert list(frame["image_id"]) == [5, 2**53 - 1, 2**53 - 1]
    assert list(frame["frame"].dropna()) == [2**63 - 1]
    assert list(frame["score"].dropna()) == [0.1]


def test_options_about_a_folder_are_refused(bench: Workbench) -> None:
    export = Export(bench.bundle([item(1, box())]))

    for wrong in ({"overwrite": True}, {"dry_run": True}, {"media": "copy"}, {"no_such": 1}, {"directory": "x"}):
        with pytest.raises(UsageError, match="to_dataframe"):
            export.to_dataframe(**wrong)


def test_a_frame_without_records_has_its_columns(bench: Workbench) -> None:
    frame = Export(FIXTURES / "bundles" / "zero_results").to_dataframe()

    assert len(frame) == 0
    assert {name: str(frame[name].dtype) for name in TYPES} == TYPES


def test_records_without_a_table_writer_tell_so(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORTKIT_BLOCK_PLUGINS", "csv")

    with pytest.raises(UsageError, match="table"):
        Export(bench.bundle([item(1, box())])).to_dataframe()


def test_the_values_are_plain_data(bench: Workbench) -> None:
    frame = Export(FIXTURES / "bundles" / "seed_tasks").to_dataframe()

    msgspec.json.encode(values(frame))
    assert "exportkit" in frame.attrs
