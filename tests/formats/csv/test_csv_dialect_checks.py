"""Rules of ``check`` for the other dialects, and for tables that exportkit did not write (rules 48 to 54)."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tests.conversion.workbench import Workbench, box, item, png
from tests.formats.csv.tables import picture
from tests.formats.csv.test_csv_checker import Folder, check, codes
from tests.formats.csv.test_parquet import table_of

from exportkit.conversion import check_dataset
from exportkit.plugins import PluginManager
from exportkit_csv.checker import CsvChecker
from exportkit_csv.parquet_file import parquet_schema

SHORT = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax"
BOXES = SHORT + ",IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
BOX = "x,exportkit,cat,1,0.1,0.3,0.125,0.375,-1,-1,0,-1,-1\n"
VIA = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
RECT = '"{""name"":""rect"",""x"":1,""y"":2,""width"":3,""height"":4}"'
REGION = f'x.jpg,-1,"{{}}",1,0,{RECT},"{{""class"":""cat""}}"\n'
NO_REGION = 'y.jpg,-1,"{}",0,0,"{}","{}"\n'
AUTOML = "TRAIN,images/x.jpg,cat,0.1,0.125,,,0.3,0.375,,\n"
NO_BOX = "TRAIN,images/y.jpg,,,,,,,,,\n"

SOUND: dict[str, dict[str, str]] = {
    "openimages": {
        "train-annotations-bbox.csv": BOXES + BOX,
        "train-images.csv": "ImageID\nx\ny\n",
        "class-descriptions-boxable.csv": "cat,Cat\n",
    },
    "via": {"via_region_data_train.csv": VIA + REGION + NO_REGION},
    "automl": {"annotations.csv": AUTOML + NO_BOX},
}


def dataset(root: Path, dialect: str, changed: dict[str, str] | None = None) -> Path:
    (root / "images").mkdir()
    for name in ("x.jpg", "y.jpg"):
        (root / "images" / name).write_bytes(b"")
    for path, text in {**SOUND[dialect], **(changed or {})}.items():
        (root / path).write_text(text, encoding="utf-8", newline="")
    return root


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("dialect", SOUND)
def test_a_sound_dataset_passes_whether_its_dialect_is_told_or_seen(tmp_path: Path, dialect: str, known: bool) -> None:
    root = dataset(tmp_path, dialect)

    assert CsvChecker.recognises(Folder(root))
    assert check(root, **({"dialect": dialect} if known else {})) == []


@pytest.mark.parametrize(
    ("dialect", "file", "text", "code"),
    [
        ("openimages", "train-annotations-bbox.csv", BOXES.replace("XMax,YMin", "YMin,XMax") + BOX, "C_CSV_HEADER"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace(",-1\n", "\n"), "C_CSV_QUOTE"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace("0.3", "30"), "C_CSV_BOX"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace("0.3", "1.1"), "C_CSV_BOX"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace("0.3", "0.1"), "C_CSV_BOX"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace("0.375", "0.12"), "C_CSV_BOX"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace("0.3", "nan"), "C_CSV_BOX"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace(",0,", ",2,"), "C_CSV_BOX"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace("cat", ""), "C_CSV_BOX"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace("cat", "=cat"), "C_CSV_FORMULA"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace("cat", "null"), "C_CSV_MISSING"),
        ("openimages", "train-annotations-bbox.csv", BOXES + BOX.replace("x,", "z,", 1), "C_CSV_NEGATIVE"),
        ("openimages", "train-images.csv", "ImageID\nx\n", "C_CSV_NEGATIVE"),
        ("openimages", "train-images.csv", "ImageId\nx\ny\n", "C_CSV_HEADER"),
        ("openimages", "class-descriptions-boxable.csv", "cat\n", "C_CSV_QUOTE"),
        ("openimages", "class-descriptions-boxable.csv", "cat,\n", "C_CSV_QUOTE"),
        ("via", "via_region_data_train.csv", VIA.replace("region_id,", "") + REGION, "C_CSV_HEADER"),
        ("via", "via_region_data_train.csv", VIA + REGION, "C_CSV_NEGATIVE"),
        ("via", "via_region_data_train.csv", VIA + REGION.replace('""rect""', "rect") + NO_REGION, "C_CSV_QUOTE"),
        ("via", "via_region_data_train.csv", VIA + REGION.replace("-1", "big") + NO_REGION, "C_CSV_QUOTE"),
        ("via", "via_region_data_train.csv", VIA + REGION.replace(",1,0,", ",1,1,") + NO_REGION, "C_CSV_QUOTE"),
        ("via", "via_region_data_train.csv", VIA + REGION.replace("x.jpg", '"x\n.jpg"') + NO_REGION, "C_CSV_QUOTE"),
        ("via", "via_region_data_train.csv", VIA + REGION.replace(":3", ":0") + NO_REGION, "C_CSV_BOX"),
        ("via", "via_region_data_train.csv", VIA + REGION.replace(":3", ":null") + NO_REGION, "C_CSV_BOX"),
        ("via", "via_region_data_train.csv", VIA + REGION.replace("rect", "blob") + NO_REGION, "C_CSV_BOX"),
        ("via", "via_region_data_train.csv", VIA + REGION.replace("x.jpg", "=x.jpg") + NO_REGION, "C_CSV_FORMULA"),
        ("automl", "annotations.csv", AUTOML.replace("TRAIN", "Train") + NO_BOX, "C_CSV_QUOTE"),
        ("automl", "annotations.csv", AUTOML.replace(",,\n", ",\n") + NO_BOX, "C_CSV_QUOTE"),
        ("automl", "annotations.csv", AUTOML.replace("0.3,", "0.05,") + NO_BOX, "C_CSV_BOX"),
        ("automl", "annotations.csv", AUTOML.replace("0.3,", "30,") + NO_BOX, "C_CSV_BOX"),
        ("automl", "annotations.csv", AUTOML.replace("0.3,", "0.1099,") + NO_BOX, "C_CSV_BOX"),
        ("automl", "annotations.csv", AUTOML.replace(",,0.3", ",0.2,0.3") + NO_BOX, "C_CSV_BOX"),
        ("automl", "annotations.csv", AUTOML.replace("cat", "") + NO_BOX, "C_CSV_BOX"),
        ("automl", "annotations.csv", AUTOML * 501 + NO_BOX, "C_CSV_BOX"),
        ("automl", "annotations.csv", AUTOML.replace("cat", '"c\nat"') + NO_BOX, "C_CSV_QUOTE"),
        ("automl", "annotations.csv", AUTOML.replace("cat", "@cat") + NO_BOX, "C_CSV_FORMULA"),
        ("automl", "annotations.csv", AUTOML.replace("cat", "NA") + NO_BOX, "C_CSV_MISSING"),
        ("automl", "annotations.csv", AUTOML, "C_CSV_NEGATIVE"),
    ],
)  # fmt: skip
def test_a_broken_table_is_found_out(tmp_path: Path, dialect: str, file: str, text: str, code: str) -> None:
    found = codes(check(dataset(tmp_path, dialect, {file: text}), dialect=dialect))

    assert (code, "warn" if code == "C_CSV_MISSING" else "error") in found


@pytest.mark.parametrize(
    "row",
    [
        "TRAIN,images/x.jpg,cat,0.1,0.1,0.2,0.1,0.2,0.3,0.1,0.3\n",
        "UNASSIGNED,images/x.jpg,cat,.1,.1,,,.2,.3,,\n",
        "TEST,images/x.jpg,cat,0,0,,,1,1,,\n",
    ],
)
def test_rows_of_the_importer_s_own_documentation_pass(tmp_path: Path, row: str) -> None:
    assert check(dataset(tmp_path, "automl", {"annotations.csv": row + NO_BOX})) == []


@pytest.mark.parametrize(
    "shape",
    [
        '{""name"":""circle"",""cx"":1,""cy"":2,""r"":3}',
        '{""name"":""ellipse"",""cx"":1,""cy"":2,""rx"":3,""ry"":1,""theta"":0.5}',
        '{""name"":""point"",""cx"":1,""cy"":2}',
        '{""name"":""polyline"",""all_points_x"":[1,2],""all_points_y"":[1,2.5]}',
        '{""name"":""polygon"",""all_points_x"":[1,2,3],""all_points_y"":[1,2,1]}',
    ],
)
def test_every_shape_of_the_annotator_passes(tmp_path: Path, shape: str) -> None:
    table = VIA + REGION.replace(RECT, f'"{shape}"') + NO_REGION

    assert check(dataset(tmp_path, "via", {"via_region_data_train.csv": table})) == []
    broken = table.replace(":1,", ':""1"",').replace("[1,2", "[1")
    (tmp_path / "via_region_data_train.csv").write_text(broken, newline="")
    assert ("C_CSV_BOX", "error") in codes(check(tmp_path))


# -- tables of other tools ---------------------------------------------------------------------------------


def found_in(root: Path, format_name: str | None = None) -> dict[str, list[str]]:
    (result,) = check_dataset(root, PluginManager.load(), format_name)
    assert result.format == "csv"
    by_code: dict[str, list[str]] = {}
    for finding in result.findings:
        by_code.setdefault(finding.code, []).append(finding.message)
    return by_code


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("anything.csv", "filename,width,height,class,xmin,ymin,xmax,ymax\nx.png,40,30,cat,1,2,30,20\n"),
        ("_annotations.csv", "filename,width,height,class,xmin,ymin,xmax,ymax\r\nx.png,40,30,cat,1,2,30,20\r\n"),
        ("boxes.csv", "x.png,1,2,30,20,cat\n"),
        ("via_region_data.csv", VIA + REGION.replace("x.jpg", "x.png")),
        ("via1.csv", "#" + VIA + REGION.replace("x.jpg", "x.png")),
        ("import.csv", "TRAIN,x.png,cat,0.1,0.1,,,0.5,0.5,,\n"),
        ("remote.csv", "TRAIN,gs://bucket/x.png,cat,0.1,0.1,,,0.5,0.5,,\nTRAIN,x.png,,,,,,,,,\n"),
        ("boxable.csv", f"{SHORT}\nx,xclick,/m/01,1.0,0.1,0.5,0.2,0.8\n"),
    ],
)  # fmt: skip
def test_a_table_of_another_tool_is_known_by_its_first_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "x.png").write_bytes(png(40, 30))
    (tmp_path / name).write_text(text, newline="")

    assert found_in(tmp_path) == {}


def test_the_picture_of_a_foreign_table_is_judged(tmp_path: Path) -> None:
    header = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    (tmp_path / "t.csv").write_text(header + "x.png,40,30,cat,1,2,30,20\nz.png,40,30,cat,1,2,30,20\n")
    (tmp_path / "x.png").write_bytes(png(30, 40))

    assert found_in(tmp_path).keys() == {"C_IMAGE_SIZE", "C_IMAGE_MISSING"}


HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


@pytest.mark.parametrize(
    "files",
    [
        {"train_labels.csv": f"{HEADER}x.png,40,30,a,1,2,9,8\n", "val_labels.csv": f"{HEADER}y.png,40,30,a,1,2,9,8\n"},
        {"annotations_train.csv": "x.png,1,2,30,20,a\n", "annotations_val.csv": "y.png,1,2,30,20,a\n"},
        {"annotations.csv": "TRAIN,x.png,a,0.1,0.1,,,0.5,0.5,,\nTEST,y.png,a,0.1,0.1,,,0.5,0.5,,\n"},
    ],
)  # fmt: skip
def test_one_content_in_two_splits_of_a_foreign_dataset_is_a_leak(tmp_path: Path, files: dict[str, str]) -> None:
    for name in ("x.png", "y.png"):
        (tmp_path / name).write_bytes(png(40, 30))
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    assert found_in(tmp_path, "csv").keys() == {"C_SPLIT_LEAK"}


def test_names_that_lead_outside_are_never_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png())
    root = tmp_path / "data"
    root.mkdir()
    rows = [f"{path},1,2,30,20,cat\n" for path in ("../secret.png", str(tmp_path / "secret.png"), "a\0b", "n" * 5_000)]
    (root / "boxes.csv").write_text("".join(rows))

    found = found_in(root)
    assert (len(found["C_PATH"]), len(found["C_IMAGE_MISSING"])) == (3, 1)


def test_a_table_of_no_dialect_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")

    assert "C_CSV_HEADER" in found_in(tmp_path, "csv")
    assert not CsvChecker.recognises(Folder(tmp_path))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_table_however_broken_ends_in_an_exception(tmp_path: Path, data: st.DataObject) -> None:
    dialect = data.draw(st.sampled_from([*SOUND]))
    path, text = data.draw(st.sampled_from([*SOUND[dialect].items()]))
    source = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(source)))
        cut = data.draw(st.integers(0, 4))
        source[at : at + cut] = data.draw(st.binary(max_size=4) | st.sampled_from([b'"', b"\n", b",", b"[" * 3_000]))
    root = tmp_path / dialect
    if not root.exists():
        root.mkdir()
        dataset(root, dialect)
    (root / path).write_bytes(source)

    check(root)
    check(root, dialect=dialect)
    (root / path).write_text(text, newline="")


@pytest.mark.parametrize("row", ['"', '"\n"a', '""', "x" * 50, '","'])
def test_a_huge_hostile_table_costs_linear_time(tmp_path: Path, row: str) -> None:
    root = dataset(tmp_path, "via", {"via_region_data_train.csv": VIA + '"' + f"{row}\n" * 400_000})
    started = time.perf_counter()
    found = check(root)

    assert time.perf_counter() - started < 60
    assert 1 <= len(found) < 50_000


# -- Parquet -----------------------------------------------------------------------------------------------


def parquet_of(root: Path, table: pa.Table | None = None) -> Path:
    if table is None:
        table = table_of([picture(name="x.png", width=40, height=30)])
    (root / "images").mkdir(exist_ok=True)
    (root / "images/x.png").write_bytes(png(40, 30))
    parquet.write_table(table, root / "annotations.parquet")
    return root


def with_column(name: str, values: list[Any], kind: pa.DataType | None = None) -> pa.Table:
    table = table_of([picture(name="x.png", width=40, height=30)])
    at = table.schema.get_field_index(name)
    return table.set_column(at, name, pa.array(values, kind or table.schema.field(name).type))


def test_a_sound_parquet_file_of_anybody_passes(tmp_path: Path) -> None:
    assert found_in(parquet_of(tmp_path, with_column("kind", ["tag"]))) == {}


@pytest.mark.parametrize(
    "table",
    [
        with_column("id", [1], pa.int32()),
        with_column("label_id", ["1"], pa.string()),
        with_column("polygons", ["[]"], pa.string()),
        with_column("attributes", ["{}"]).drop_columns(["score"]),
        with_column("attributes", ["{}"]).append_column("more", pa.array([1])),
        with_column("attributes", ["{}"]).select(list(reversed(parquet_schema().names))),
        with_column("x", [float("nan")]),
        with_column("score", [float("inf")]),
        with_column("image", [None]),
    ],
)
def test_another_schema_or_a_number_that_is_none_is_found_out(tmp_path: Path, table: pa.Table) -> None:
    assert "C_PARQUET" in found_in(parquet_of(tmp_path, table))


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"PAR1\xff\xff\xff\x7fPAR1", b"a,b\n1,2\n" * 100]
)
def test_what_is_no_parquet_file_is_found_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "annotations.parquet").write_bytes(content)

    assert "C_PARQUET" in found_in(tmp_path)


def test_a_parquet_file_with_any_byte_changed_gives_findings_or_passes(tmp_path: Path) -> None:
    whole = (parquet_of(tmp_path, with_column("kind", ["tag"])) / "annotations.parquet").read_bytes()
    chance = random.Random(3)
    for _ in range(60):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        (tmp_path / "annotations.parquet").write_bytes(broken[: chance.choice([None, chance.randrange(len(whole))])])
        found_in(tmp_path, "csv")


def test_without_pyarrow_check_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Workbench(tmp_path)
    parquet_of(tmp_path, table_of([picture(name="x.png", width=40, height=30)]))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    run = bench.run("check", tmp_path)

    assert run.code == 2
    assert "exportkit[parquet]" in run.err


@pytest.mark.parametrize("dialect", ["long", "parquet", "retinanet", "tfod", "openimages", "via", "automl"])
def test_pictures_without_a_row_are_found_in_a_published_dataset(tmp_path: Path, dialect: str) -> None:
    bench = Workbench(tmp_path)
    bundle = bench.pictures(1, 2)
    bench.convert(bundle, "--to", f"csv:dialect={dialect}")
    assert bench.run("check", bench.out).code == 0

    (bench.out / "images/stray.png").write_bytes(png())
    run = bench.run("check", bench.out, "--json")
    assert run.code == 4
    assert {finding["code"] for finding in run.data["datasets"][0]["findings"]} >= {"C_CSV_NEGATIVE", "C_STRAY"}


def test_a_prefix_is_taken_off_before_pictures_are_looked_for(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    bundle = bench.bundle([item(1, box(width=20, height=20), file="files/1.png")], {"files/1.png": png()})
    bench.convert(bundle, "--to", "csv:dialect=automl,prefix=gs://bucket/a b/")

    assert bench.run("check", bench.out).code == 0
    (bench.out / "images/1.png").unlink()
    assert bench.run("check", bench.out).code == 4
