"""CSV tables as csv and pandas read them (formats, section 5.4)."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.csv.tables import box, encode, export, outcomes, picture, plan_of, rows

from exportkit.errors import AnnotationFault
from exportkit.records import KINDS, Annotation, Box, Keypoints, LazyRegion, Point, Record, RotatedBox
from exportkit_csv.cell import quoted_cell, text_cell
from exportkit_csv.options import CsvOptions
from exportkit_csv.reading import records as read_records
from exportkit_csv.reading import without_guard
from exportkit_csv.writer import CsvWriter

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def golden() -> list[Record]:
    region = LazyRegion(b"[[10,10,30,10,10,30]]", "coco_rings")
    polygon = Annotation(
        0, "polygon", "cat", Box(10, 10, 20, 20), region, id=1, area=400, attributes=b'{"color":"red"}'
    )
    return [
        Record(10, (polygon,), name="a/x.jpg", width=100, height=80),
        Record(11, (Annotation(0, "box", "dog", Box(5, 5, 0, 10), id=2, area=0),), name="b/x.jpg", width=60, height=40),
    ]


def test_the_golden_rows_of_long() -> None:
    header, first, second = export(golden())["annotations.csv"].splitlines()

    assert header.startswith("split,image_id,image,image_width,image_height,id,kind,label,label_id,x,y,width,height,")
    polygons = '"[[[[10,10],[30,10],[10,30]]]]"'
    assert first == (
        f"train,10,a/x.jpg,100,80,1,polygon,cat,0,10,10,20,20,,{polygons},,,,0,0,0,0,,,," + '"{""color"":""red""}"'
    )
    assert second == "train,11,b/x.jpg,60,40,,,,,,,,,,,,,,,,,,,,,"
    assert outcomes(golden()) == [("written", ()), ("failed", ("E_BOX_ZERO_AREA",))]


def test_the_golden_rows_of_retinanet() -> None:
    files = export(golden(), dialect="retinanet")

    assert files["annotations_train.csv"].splitlines() == ["images/a/x.jpg,10,10,30,30,cat", "images/b/x.jpg,,,,,"]
    assert files["classes.csv"].splitlines() == ["cat,0", "dog,1"]
    assert outcomes(golden(), dialect="retinanet")[0] == ("lossy", ("L_REGION_DROPPED", "L_ATTRIBUTES_DROPPED"))


def test_the_golden_rows_of_tfod() -> None:
    files = export(golden(), dialect="tfod")

    assert files["train_labels.csv"].splitlines()[1:] == ["a/x.jpg,100,80,cat,10,10,30,30"]
    assert files["train_images.csv"].splitlines() == ["filename,width,height", "a/x.jpg,100,80", "b/x.jpg,60,40"]
    assert files["label_map.pbtxt"] == 'item {\n  id: 1\n  name: "cat"\n}\nitem {\n  id: 2\n  name: "dog"\n}\n'


def test_a_negative_of_tfod_is_said_to_stand_elsewhere() -> None:
    records = golden()
    encoded = encode(CsvWriter(CsvOptions(dialect="tfod"), plan_of(records)), records)

    assert [[code for code, _ in e.notices] for e in encoded] == [[], ["N_NEGATIVE_ELSEWHERE"]]


def test_long_takes_every_kind_and_keeps_its_value() -> None:
    special: dict[str, dict[str, Any]] = {
        "box": {"box": Box(1, 2, 3, 4)},
        "rotated_box": {"geometry": RotatedBox(50, 40, 20, 10, 0.5)},
        "polygon": {"region": LazyRegion(b"[[0,0,10,0,10,10]]", "coco_rings")},
        "mask": {"region": LazyRegion(b'{"size":[80,100],"counts":[805,4,7191]}', "rle")},
        "keypoints": {"geometry": Keypoints(((10, 10, 2), (0, 0, 0), (20, 30, 1)))},
        "point": {"geometry": Point(3, 4, 2)},
        "tag": {},
    }
    annotations = [Annotation(0, kind, "cat", **special.get(kind, {"geometry": {"of": kind}})) for kind in KINDS]
    records = [picture(*annotations)]

    assert {status for status, _ in outcomes(records)} == {"written"}
    table = {row["kind"]: row for row in rows(records)}
    assert list(table) == list(KINDS)
    assert [row["id"] for row in table.values()] == [str(number) for number in range(1, len(KINDS) + 1)]
    turned = table["rotated_box"]
    assert [turned[key] for key in ("x", "y", "width", "height", "rotation")] == ["40", "35", "20", "10", "0.5"]
    assert json.loads(table["mask"]["rle"])["size"] == [80, 100]
    assert [table["mask"][key] for key in ("x", "y", "width", "height")] == ["10", "5", "1", "4"]
    assert json.loads(table["keypoints"]["keypoints"]) == [10, 10, 2, 0, 0, 0, 20, 30, 1]
    assert [table["keypoints"][key] for key in ("x", "y", "width", "height")] == ["10", "10", "10", "20"]
    assert json.loads(table["point"]["keypoints"]) == [3, 4, 2]
    assert json.loads(table["polyline"]["attributes"]) == {"$value": {"of": "polyline"}}


def test_long_has_a_column_for_every_field() -> None:
    full = box(
        iscrowd=True, difficult=True, truncated=True, occluded=True, score=0.25, group_id="=g", track_id=7, frame=0
    )
    (row,) = rows([picture(full)])

    fields = ("score", "iscrowd", "difficult", "truncated", "occluded", "group_id", "track_id", "frame", "attributes")
    assert [row[key] for key in fields] == ["0.25", "1", "1", "1", "1", "'=g", "7", "0", ""]


def test_long_writes_parts_and_holes() -> None:
    region = LazyRegion(b"[[0,0,10,0,10,10,0,10],[20,20,30,20,30,30]]", "coco_rings", holes=[[2, 2, 4, 2, 4, 4]])
    (row,) = rows([picture(Annotation(0, "polygon", "cat", region=region))])

    assert json.loads(row["polygons"]) == [
        [[[0, 0], [10, 0], [10, 10], [0, 10]], [[2, 2], [4, 2], [4, 4]]],
        [[[20, 20], [30, 20], [30, 30]]],
    ]


def test_long_needs_no_size_and_takes_other_media() -> None:
    records = [
        picture(box(500, 6), width=0, height=0),
        Record(2, (Annotation(0, "tag", "cat"),), medium="text", name="a"),
    ]

    assert [(row["image_width"], row["image_height"], row["kind"]) for row in rows(records)] == [
        ("", "", "box"), ("", "", "tag"),
    ]  # fmt: skip
    assert CsvWriter.needs_size(CsvOptions()) is False
    assert CsvWriter.needs_size(CsvOptions(dialect="tfod")) is True
    assert outcomes(records[1:], dialect="tfod") == [("skipped", ("S_MEDIA_UNSUPPORTED",))]


def test_a_fault_in_place_of_a_value_costs_only_its_annotation() -> None:
    fault = AnnotationFault("E_ANNOTATION", "bad", ".value")
    records = [picture(Annotation(0, "tag", "cat", geometry=fault), box(attributes=b'{"a":1e999}'), box())]

    assert outcomes(records) == [("failed", ("E_ANNOTATION",)), ("failed", ("E_NOT_FINITE",)), ("written", ())]


@pytest.mark.parametrize("dialect", ["retinanet", "tfod"])
def test_box_tables_say_what_they_lose_and_leave_out(dialect: str) -> None:
    annotations = [
        box(difficult=True, frame=0),
        box(iscrowd=True),
        Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40, 20, 10, 0.5)),
        Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40, 20, 10, 1.5707963267948966)),
        Annotation(0, "keypoints", "cat", geometry=Keypoints(((10, 10, 2), (20, 20, 2)))),
        Annotation(0, "point", "cat", geometry=Point(1, 1, 2)),
        Annotation(0, "caption", None, geometry="text"),
        box(-5, 6),
        box(label="a\0b"),
    ]

    assert outcomes([picture(*annotations)], dialect=dialect) == [
        ("lossy", ("L_FLAGS_DROPPED",)),
        ("skipped", ("S_CROWD",)),
        ("lossy", ("L_ROTATION_FLATTENED",)),
        ("written", ()),
        ("lossy", ("L_KEYPOINTS_DROPPED",)),
        ("skipped", ("S_POINT_UNGROUPED",)),
        ("skipped", ("S_KIND_UNSUPPORTED",)),
        ("lossy", ("L_CLIPPED",)),
        ("failed", ("E_CLASS_UNREPRESENTABLE",)),
    ]


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 99), st.floats(0.001, 100))
def test_retinanet_boxes_are_whole_ordered_and_inside(x: float, width: float) -> None:
    text = export([picture(box(x, 3, min(width, 100 - x), 3))], dialect="retinanet")["annotations_train.csv"]
    left, top, right, bottom = map(int, text.split(",")[1:5])

    assert 0 <= left < right <= 100
    assert (top, bottom) == (3, 6)
    assert abs(left - x) <= 1
    assert abs(right - (x + min(width, 100 - x))) <= 1


def test_a_box_within_one_pixel_is_grown_and_named() -> None:
    records = [picture(box(99.7, 10.2, 0.2, 0.2))]

    assert export(records, dialect="retinanet")["annotations_train.csv"] == "images/x.jpg,99,10,100,11,cat\n"
    assert outcomes(records, dialect="retinanet") == [("lossy", ("L_BOX_GROWN",))]


def test_precision_rounds_pixel_values() -> None:
    records = [picture(box(5.26, 6.04, 20.555, 10.5))]

    assert export(records, dialect="tfod", precision=1)["train_labels.csv"].splitlines()[1].endswith("5.3,6,25.8,16.5")
    (row,) = rows(records, precision=0)
    assert [row[key] for key in ("x", "y", "width", "height")] == ["5", "6", "21", "11"]


def test_spreadsheets_may_have_their_mark_and_line_ends() -> None:
    files = export([picture(box())], dialect="tfod", bom=True, eol="crlf")

    assert files["train_labels.csv"].startswith("\ufefffilename,")
    assert files["train_images.csv"].endswith("x.jpg,100,80\r\n")


def test_a_formula_is_guarded_unless_raw_is_asked_for() -> None:
    records = [picture(box(label="=1+1"), name="-x.jpg")]

    assert [(r["label"], r["image"]) for r in rows(records)] == [("'=1+1", "'-x.jpg")]
    assert [(r["label"], r["image"]) for r in rows(records, raw=True)] == [("=1+1", "-x.jpg")]
    assert export(records, dialect="retinanet")["classes.csv"] == "'=1+1,0\n"


def test_a_label_map_escapes_what_its_parser_reads() -> None:
    label_map = export([picture(box(label='a"\\\n\x07ä'))], dialect="tfod")["label_map.pbtxt"]

    assert 'name: "a\\"\\\\\\n\\007ä"' in label_map


def test_excluded_regions_take_no_row_and_no_id() -> None:
    records = [picture(Annotation(0, "polygon", "cat", region=LazyRegion(b"[[0,0,9,0,9,9]]", "coco_rings")), box())]

    assert outcomes(records, segmentation="exclude") == [("skipped", ("S_SEGMENTATION_EXCLUDED",)), ("written", ())]
    assert [row["id"] for row in rows(records, segmentation="exclude")] == ["1"]


def test_sequential_image_ids_are_a_notice_of_the_run() -> None:
    records = [picture(item="a"), picture(item="b", name="y.jpg")]

    assert [row["image_id"] for row in rows(records)] == ["1", "2"]
    assert [code for code, _ in CsvWriter(CsvOptions(), plan_of(records)).notices()] == ["N_IDS_SEQUENTIAL"]


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, min_size=2, max_size=4))
def test_cells_read_back_as_the_csv_module_reads_them(texts: list[str]) -> None:
    line = ",".join(map(quoted_cell, texts))

    assert next(csv.reader(io.StringIO(line, newline=""), strict=True)) == texts
    assert [cells for _, cells in read_records(line + "\n", 1)] == [texts]


@settings(max_examples=100, deadline=None)
@given(st.builds(str.__add__, st.text("'\ufeff\u3000 =+-@\t\r\uff1da", max_size=5), TEXT))
def test_the_guard_is_reversible(text: str) -> None:
    cell, _ = next(csv.reader(io.StringIO(text_cell(text) + ",", newline=""), strict=True))

    assert without_guard(cell) == text


@settings(max_examples=40, deadline=None)
@given(label=TEXT.filter(str.strip), name=TEXT.filter(bool))
def test_pandas_reads_labels_and_names_back(label: str, name: str) -> None:
    import pandas as pd

    text = export([picture(box(label=label), name=name)], raw=True)["annotations.csv"]
    table = pd.read_csv(io.StringIO(text, newline=""), dtype=str, keep_default_na=False)

    assert (table["label"][0], table["image"][0]) == (label, name)
