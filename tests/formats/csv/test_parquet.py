"""The Parquet twin of the long table (formats, section 5.4)."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tests.conversion.workbench import FIXTURES, Workbench, item
from tests.conversion.workbench import box as bundle_box
from tests.formats.csv.tables import box, encode, export, picture, plan_of

from exportkit.errors import RecordFault
from exportkit.records import KINDS, Annotation, Keypoints, LazyRegion, Point, Record, RotatedBox
from exportkit.testing import tree_digest
from exportkit_csv.options import CsvOptions
from exportkit_csv.parquet_file import ParquetBinder
from exportkit_csv.writer import CsvWriter

BUNDLES = sorted(folder.name for folder in (FIXTURES / "bundles").iterdir())


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def bound(pieces: list[bytes]) -> bytes:
    binder = ParquetBinder()
    return b"".join([*map(binder.take, pieces), binder.close()])


def table_of(records: list[Record], **options: Any) -> pa.Table:
    writer = CsvWriter(CsvOptions(dialect="parquet", **options), plan_of(records))
    pieces = [piece for encoded in encode(writer, records) for piece in encoded.streams.values()]
    return parquet.read_table(io.BytesIO(bound(pieces)))


def test_the_columns_have_the_types_of_the_specification() -> None:
    schema = table_of([picture()]).schema

    point = "struct<x: double, y: double>"
    rings = f"list<element: list<element: list<element: {point}>>>"
    expected = {
        "image_id": "int64", "image_width": "int32", "image_height": "int32", "id": "int64", "label_id": "int64",
        "x": "double", "rotation": "double", "score": "double", "iscrowd": "bool", "occluded": "bool",
        "frame": "int64", "attributes": "string", "label": "string", "group_id": "string", "rle": "string",
        "polygons": rings, "keypoints": "list<element: struct<x: double, y: double, v: int8>>",
    }  # fmt: skip
    assert {name: str(schema.field(name).type).replace("item", "element") for name in expected} == expected
    (header, _) = export([picture()])["annotations.csv"].splitlines()
    assert schema.names == header.split(",")


def test_absent_is_null_and_text_is_neither_guarded_nor_missing() -> None:
    records = [
        picture(box(label="=NA"), box(label="NA"), name="-x.jpg"),
        picture(item=2, name="y.jpg", width=0, height=0),
    ]
    rows = table_of(records).to_pylist()

    assert [(row["image"], row["label"]) for row in rows] == [("-x.jpg", "=NA"), ("-x.jpg", "NA"), ("y.jpg", None)]
    assert {name for name, value in rows[2].items() if value is not None} == {"split", "image_id", "image"}
    assert rows[0]["iscrowd"] is False


def test_every_kind_comes_back_with_its_geometry() -> None:
    rings = b"[[0,0,10,0,10,10],[20,20,30,20,30,30.25]]"
    special: dict[str, dict[str, Any]] = {
        "box": {"box": box(1, 2, 3.5, 4).box},
        "rotated_box": {"geometry": RotatedBox(50, 40, 20, 10, 0.5)},
        "polygon": {"region": LazyRegion(rings, "coco_rings", holes=[[4, 1, 8, 1, 8, 3]])},
        "mask": {"region": LazyRegion(b'{"size":[80,100],"counts":[805,4,7191]}', "rle")},
        "keypoints": {"geometry": Keypoints(((10, 10.5, 2), (0, 0, 0), (20, 30, 1)))},
        "point": {"geometry": Point(3, 4, 2)},
        "tag": {},
    }  # fmt: skip
    records = [picture(*(Annotation(0, k, "cat", **special.get(k, {"geometry": {"of": k}})) for k in KINDS))]
    rows = {row["kind"]: row for row in table_of(records).to_pylist()}

    assert list(rows) == list(KINDS)
    assert rows["polygon"]["polygons"] == [
        [[{"x": x, "y": y} for x, y in ring] for ring in part]
        for part in ([[(0, 0), (10, 0), (10, 10)], [(4, 1), (8, 1), (8, 3)]], [[(20, 20), (30, 20), (30, 30.25)]])
    ]
    assert json.loads(rows["mask"]["rle"])["size"] == [80, 100]
    assert rows["keypoints"]["keypoints"] == [
        {"x": 10, "y": 10.5, "v": 2}, {"x": 0, "y": 0, "v": 0}, {"x": 20, "y": 30, "v": 1},
    ]  # fmt: skip
    assert rows["rotated_box"]["rotation"] == 0.5
    assert json.loads(rows["caption"]["attributes"]) == {"$value": {"of": "caption"}}
    assert rows["box"]["polygons"] is None


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9)


@settings(max_examples=60, deadline=None)
@given(
    label=TEXT.filter(str.strip),
    name=TEXT,
    group=st.one_of(st.integers(-(2**63), 2**63 - 1), TEXT),
    frame=st.integers(0, 2**63 - 1),
    score=st.floats(-1e6, 1e6),
    side=st.floats(0.001, 90),
)
def test_every_value_comes_back_exactly(
    label: str, name: str, group: int | str, frame: int, score: float, side: float
) -> None:
    annotation = box(5.25, 6, side, 10, label=label, group_id=group, frame=frame, score=score, attributes={"a": name})
    (row,) = table_of([picture(annotation, name=name)]).to_pylist()

    assert (row["label"], row["image"], row["group_id"]) == (label, name, str(group))
    assert (row["frame"], row["score"], row["width"]) == (frame, score, side)
    assert json.loads(row["attributes"]) == {"a": name}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=8))
def test_the_bytes_do_not_depend_on_where_the_rows_were_cut(cuts: list[int]) -> None:
    records = [picture(*(box(label='a "b"\n,c') for _ in range(n % 3)), item=n, name=f"{n}.jpg") for n in range(1, 30)]
    writer = CsvWriter(CsvOptions(dialect="parquet"), plan_of(records))
    whole = b"".join(piece for encoded in encode(writer, records) for piece in encoded.streams.values())
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(whole[at : at + cut])
        at += cut

    assert bound([*pieces, whole[at:]]) == bound([whole])


def row(number: int, attributes: str = "") -> bytes:
    return f"train,{number},{number}.jpg,10,10,{number},box,cat,0,1,1,2,2,,,,,,0,0,0,0,,,,{attributes}\n".encode()


def test_row_groups_have_65536_rows_zstd_and_no_dictionary() -> None:
    rows = [row(number) for number in range(1, 150_001)]
    one = bound(rows)
    file = parquet.ParquetFile(io.BytesIO(one))

    groups = [file.metadata.row_group(at) for at in range(file.num_row_groups)]
    assert [group.num_rows for group in groups] == [65_536, 65_536, 150_000 - 2 * 65_536]
    columns = [groups[0].column(at) for at in range(groups[0].num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    assert not any(column.has_dictionary_page for column in columns)
    assert bound([b"".join(rows[:70_001]), b"".join(rows[70_001:])]) == one
    assert file.read(columns=["id"]).column("id").to_pylist() == list(range(1, 150_001))


def test_a_row_that_has_no_end_is_an_error() -> None:
    binder = ParquetBinder()
    binder.take(row(1)[:-1])
    with pytest.raises(ValueError, match="no end"):
        binder.close()


@pytest.mark.slow
def test_what_is_held_does_not_grow_with_the_file() -> None:
    note = '"{""n"":""' + "n" * 300 + '""}"'
    peaks = []
    for rows in (70_000, 140_000):
        binder = ParquetBinder()
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        most = 0
        for number in range(1, rows, 500):
            binder.take(b"".join(row(n, note) for n in range(number, number + 500)))
            most = max(most, pa.total_allocated_bytes() - before + tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        binder.close()
        peaks.append(most)
    assert peaks[1] < 1.2 * peaks[0]


def test_a_size_beyond_its_column_costs_the_record() -> None:
    writer = CsvWriter(CsvOptions(dialect="parquet"), plan_of([picture()]))
    with pytest.raises(RecordFault) as fault:
        encode(writer, [picture(width=2**31, height=5)])
    assert fault.value.code == "E_SIZE_INVALID"


def test_precision_rounds_the_twin_too() -> None:
    (found,) = table_of([picture(box(5.26, 6.04, 20.555, 10.5))], precision=0).to_pylist()

    assert [found[side] for side in ("x", "y", "width", "height")] == [5, 6, 21, 11]


@pytest.mark.parametrize("option", [{"bom": True}, {"eol": "crlf"}, {"raw": True}])
def test_options_of_text_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="acts with dialect=long"):
        CsvOptions(dialect="parquet", **option)


# -- whole conversions -------------------------------------------------------------------------------------


def long_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of ``annotations.csv`` as the twin has them, read by the csv module alone."""
    import csv

    numbers = {"x", "y", "width", "height", "rotation", "score"}
    whole = {"image_id", "image_width", "image_height", "id", "label_id", "frame"}
    flags = {"iscrowd", "difficult", "truncated", "occluded"}
    found = []
    with path.open(newline="", encoding="utf-8") as lines:
        for cells in csv.DictReader(lines, strict=True):
            values: dict[str, Any] = {}
            for name, cell in cells.items():
                if not cell:
                    values[name] = None
                elif name in numbers:
                    values[name] = float(cell)
                elif name in whole:
                    values[name] = int(cell)
                elif name in flags:
                    values[name] = cell == "1"
                elif name == "polygons":
                    parts = json.loads(cell)
                    values[name] = [[[{"x": x, "y": y} for x, y in ring] for ring in part] for part in parts]
                elif name == "keypoints":
                    flat = json.loads(cell)
                    triplets = zip(flat[0::3], flat[1::3], flat[2::3], strict=True)
                    values[name] = [{"x": x, "y": y, "v": v} for x, y, v in triplets]
                else:
                    values[name] = cell
            found.append(values)
    return found


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_twin_has_the_rows_of_the_long_table(bench: Workbench, bundle: str) -> None:
    source = FIXTURES / "bundles" / bundle
    both = bench.convert(source, "--to", "csv:raw=yes,as=csv", "--to", "csv:dialect=parquet,as=twin")

    assert both.code in {0, 3}
    twin = parquet.read_table(bench.out / "twin/annotations.parquet")
    assert twin.to_pylist() == long_rows(bench.out / "csv/annotations.csv")
    one, other = both.data["outputs"]
    assert one["annotations"] == other["annotations"]
    manifest = json.loads((bench.out / "twin/exportkit-manifest.json").read_text())
    assert manifest["writer"]["facts"] == {"pyarrow": pa.__version__}
    assert bench.run("check", bench.out / "twin").code == 0


@pytest.mark.slow
def test_any_number_of_workers_writes_the_same_file(bench: Workbench) -> None:
    lines = [item(n, bundle_box(x=n % 9), padding="p" * 4_500) for n in range(1, 2_001)]
    bundle = bench.bundle(lines)
    digests = []
    for workers in ("1", "3"):
        out = bench.folder / "place" / workers
        run = bench.program("convert", bundle, "--to", "csv:dialect=parquet", "-o", out, "--workers", workers, "-q")
        assert run.returncode == 0, run.stderr
        digests.append(tree_digest(out))
    assert len(set(digests)) == 1


def test_without_pyarrow_one_sentence_says_what_to_install(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = bench.bundle([item(1, bundle_box())])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused = bench.convert(bundle, "--to", "csv:dialect=parquet")

    assert refused.code == 2
    assert "pip install 'exportkit[parquet]'" in refused.err + refused.out
    assert not bench.out.exists()
    assert bench.convert(bundle, "--to", "csv").code == 0
    assert bench.run("formats", "csv:dialect=parquet").code == 0


def test_a_dry_run_tells_the_same_and_writes_nothing(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, bundle_box(), bundle_box(width=0))])
    run = bench.convert(bundle, "--to", "csv:dialect=parquet", "--dry-run")

    assert run.code == 3
    assert run.data["outputs"][0]["annotations"]["failed"] == 1
    assert not bench.out.exists()
