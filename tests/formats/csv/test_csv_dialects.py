"""The tables of Open Images, VIA and AutoML (formats, section 5.4)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.formats.csv.tables import box, encode, export, outcomes, picture, plan_of

from exportkit.errors import AnnotationFault
from exportkit.records import Annotation, Keypoints, LazyRegion, Point, Record, RotatedBox
from exportkit.writing import Placement
from exportkit_csv.options import CsvOptions, Dialect
from exportkit_csv.writer import CsvWriter

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
TRIANGLE, SQUARE, HOLE = [10, 10, 30, 10, 10, 30], [40, 10, 70, 10, 70, 40, 40, 40], [45, 15, 45, 20, 50, 20, 50, 15]


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def polygon(*rings: Sequence[float], holes: Sequence[Sequence[float]] | None = None, **fields: Any) -> Annotation:
    region = LazyRegion([*rings], "rings_xy", holes=holes) if holes else LazyRegion([*rings], "rings_xy")
    return Annotation(0, "polygon", "cat", region=region, **fields)


# -- Open Images -------------------------------------------------------------------------------------------


def test_open_images_has_xmax_before_ymin_and_the_stem_for_an_id() -> None:
    files = export([picture(box(10, 8, 20, 40)), picture(item=2, name="y.png")], dialect="openimages")

    assert cells(files["train-annotations-bbox.csv"])[1] == [
        "x", "exportkit", "cat", "1", "0.1", "0.3", "0.1", "0.6", "-1", "-1", "0", "-1", "-1",
    ]  # fmt: skip
    assert files["train-images.csv"] == "ImageID\nx\ny\n"
    assert files["class-descriptions-boxable.csv"] == "cat,cat\n"


def test_open_images_says_what_it_has_columns_for() -> None:
    flagged = box(occluded=True, truncated=True, iscrowd=True, score=0.25)
    (row,) = cells(export([picture(flagged)], dialect="openimages")["train-annotations-bbox.csv"])[1:]

    assert (row[3], row[8:]) == ("0.25", ["1", "1", "1", "-1", "-1"])
    assert outcomes([picture(flagged)], dialect="openimages") == [("written", ())]
    lost = [box(difficult=True), box(group_id=1), box(score=3.5), box(attributes={"a": 1})]
    assert outcomes([picture(*lost)], dialect="openimages") == [
        ("lossy", ("L_FLAGS_DROPPED",)),
        ("lossy", ("L_FLAGS_DROPPED",)),
        ("lossy", ("L_FLAGS_DROPPED",)),
        ("lossy", ("L_ATTRIBUTES_DROPPED",)),
    ]


def test_names_of_open_images_are_flat_whatever_one_asks() -> None:
    assert CsvWriter.naming(CsvOptions(dialect="openimages")).layout == "flat"
    assert CsvWriter.naming(CsvOptions(dialect="via")).layout == "tree"
    with pytest.raises(ValidationError, match="ImageID"):
        CsvOptions(dialect="openimages", names="tree")


def test_a_negative_of_open_images_stands_in_the_list_of_pictures() -> None:
    records = [picture(), picture(box(), item=2, name="y.jpg")]
    encoded = encode(CsvWriter(CsvOptions(dialect="openimages"), plan_of(records)), records)

    assert [[code for code, _ in e.notices] for e in encoded] == [["N_NEGATIVE_ELSEWHERE"], []]


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 59_999), st.floats(0.001, 60_000), st.integers(0, 59_999), st.integers(1, 60_000))
def test_fractions_are_ordered_and_within_the_picture(x: float, width: float, y: float, height: float) -> None:
    record = picture(box(x, y, min(width, 60_000 - x), min(height, 60_000 - y)), width=60_000, height=60_000)
    (row,) = cells(export([record], dialect="openimages")["train-annotations-bbox.csv"])[1:]
    x0, x1, y0, y1 = map(float, row[4:8])

    assert 0 <= x0 < x1 <= 1
    assert 0 <= y0 < y1 <= 1
    assert abs(x0 * 60_000 - x) <= 0.061


def test_a_box_too_small_for_six_decimals_is_grown_and_named() -> None:
    record = picture(box(59_999.999, 5, 0.001, 9), width=60_000, height=100)

    assert outcomes([record], dialect="openimages") == [("lossy", ("L_BOX_GROWN",))]
    (row,) = cells(export([record], dialect="openimages")["train-annotations-bbox.csv"])[1:]
    assert row[4:6] == ["0.999999", "1"]


# -- AutoML ------------------------------------------------------------------------------------------------


def test_automl_leaves_the_split_to_the_importer_unless_one_is_known() -> None:
    records = [picture(box(10, 8, 20, 40), item=n, name=f"{n}.jpg", split=s) for n, s in enumerate(SPLITS)]

    table = cells(export(records, dialect="automl")["annotations.csv"])
    assert {row[0] for row in table} == {"UNASSIGNED"}
    known = cells(export(records, {"has_splits": True}, dialect="automl")["annotations.csv"])
    assert [row[0] for row in known] == ["TRAIN", "VALIDATION", "TEST", "UNASSIGNED"]
    assert table[0][1:] == ["images/0.jpg", "cat", "0.1", "0.1", "", "", "0.3", "0.6", "", ""]


SPLITS = ("train", "val", "test", "holdout")


def test_a_split_that_the_importer_has_no_word_for_is_told() -> None:
    records = [picture(split=split, item=n, name=f"{n}.jpg") for n, split in enumerate(SPLITS)]
    plan = plan_of(records, has_splits=True)

    assert [code for code, _ in CsvWriter(CsvOptions(dialect="automl"), plan).notices()] == ["N_CSV_SPLIT_UNASSIGNED"]
    assert not list(CsvWriter(CsvOptions(dialect="automl"), plan_of(records)).notices())


def test_a_negative_of_automl_has_ten_commas() -> None:
    assert export([picture()], dialect="automl") == {"annotations.csv": "UNASSIGNED,images/x.jpg,,,,,,,,,\n"}


@pytest.mark.parametrize("prefix", ["gs://bucket/folder", "gs://bucket/folder/"])
def test_a_prefix_stands_before_each_path(prefix: str) -> None:
    assert export([picture()], dialect="automl", prefix=prefix)["annotations.csv"].split(",")[1] == (
        "gs://bucket/folder/images/x.jpg"
    )


def test_a_prefix_is_automl_s_alone() -> None:
    with pytest.raises(ValidationError, match="prefix= acts with dialect=automl"):
        CsvOptions(dialect="tfod", prefix="gs://x/")
    with pytest.raises(ValidationError, match="control character"):
        CsvOptions(dialect="automl", prefix="gs://x\n")


def test_what_the_importer_would_not_take_is_left_out_and_named() -> None:
    small = [box(10, 10, 0.99, 20), box(10, 10, 1, 20), box(10, 10, 20, 0.79)]
    many = [box(n / 10, 1, 20, 20) for n in range(501)]

    assert outcomes([picture(*small)], dialect="automl") == [
        ("skipped", ("S_CONSUMER_LIMIT",)),
        ("written", ()),
        ("skipped", ("S_CONSUMER_LIMIT",)),
    ]
    assert outcomes([picture(*many, box(-1))], dialect="automl")[499:] == [
        ("written", ()), ("skipped", ("S_CONSUMER_LIMIT",)), ("skipped", ("S_CONSUMER_LIMIT",)),
    ]  # fmt: skip


def test_a_class_that_the_importer_cannot_quote_is_not_written() -> None:
    records = [picture(box(label="two\nlines"), box(label='"quoted", too'))]

    assert outcomes(records, dialect="automl") == [("failed", ("E_CLASS_UNREPRESENTABLE",)), ("written", ())]
    assert outcomes(records, dialect="tfod") == [("written", ()), ("written", ())]


# -- VIA ---------------------------------------------------------------------------------------------------


def regions(*annotations: Annotation, **options: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    header, *table = cells(export([picture(*annotations)], dialect="via", **options)["via_region_data_train.csv"])
    assert header[0] == "filename"
    assert [row[3] for row in table] == [str(len(table) if table[0][5] != "{}" else 0)] * len(table)
    assert [row[4] for row in table] == [*map(str, range(len(table)))]
    return [(json.loads(row[5]), json.loads(row[6])) for row in table]


def test_via_draws_each_kind_in_its_own_shape() -> None:
    drawn = regions(
        box(5, 6.5, 20, 10),
        polygon(TRIANGLE),
        Annotation(0, "polyline", "lane", geometry=((1, 2), (30.5, 40))),
        Annotation(0, "point", "eye", geometry=Point(3, 4, 2)),
        Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40, 20, 10, 1.5707963267948966)),
    )

    assert [shape for shape, _ in drawn] == [
        {"name": "rect", "x": 5, "y": 6.5, "width": 20, "height": 10},
        {"name": "polygon", "all_points_x": [10, 30, 10], "all_points_y": [10, 10, 30]},
        {"name": "polyline", "all_points_x": [1, 30.5], "all_points_y": [2, 40]},
        {"name": "point", "cx": 3, "cy": 4},
        {"name": "polygon", "all_points_x": [55, 55, 45, 45], "all_points_y": [30, 50, 50, 30]},
    ]
    assert [attributes["class"] for _, attributes in drawn] == ["cat", "cat", "lane", "eye", "cat"]


def test_via_says_what_a_shape_costs() -> None:
    mask = LazyRegion({"size": [80, 100], "counts": [805, 4, 76, 4, 7111]}, "rle")
    points = Keypoints(((10, 10, 2), (20, 30, 2)))
    annotations = [
        polygon(TRIANGLE, SQUARE),
        polygon(SQUARE, holes=[HOLE]),
        Annotation(0, "mask", "cat", region=mask),
        Annotation(0, "keypoints", "cat", geometry=points),
        Annotation(0, "tag", "cat"),
        Annotation(0, "caption", None, geometry="text"),
        Annotation(0, "polyline", "cat", geometry=((50, 50), (150, 50))),
        Annotation(0, "polyline", "cat", geometry=((150, 50), (160, 50))),
        Annotation(0, "polyline", "cat", geometry=AnnotationFault("E_POLYGON_POINTS", "bad", ".polyline")),
    ]

    assert outcomes([picture(*annotations)], dialect="via") == [
        ("lossy", ("L_PARTS_SPLIT",)),
        ("lossy", ("L_HOLES_BRIDGED",)),
        ("written", ("N_MASK_AS_POLYGON",)),
        ("lossy", ("L_KEYPOINTS_DROPPED",)),
        ("skipped", ("S_KIND_UNSUPPORTED",)),
        ("skipped", ("S_KIND_UNSUPPORTED",)),
        ("lossy", ("L_CLIPPED",)),
        ("failed", ("E_OUTSIDE",)),
        ("failed", ("E_POLYGON_POINTS",)),
    ]
    (encoded,) = encode(CsvWriter(CsvOptions(dialect="via"), plan_of(r := [picture(*annotations)])), r)
    assert [(at, code, iou) for at, code, iou in encoded.overlaps] == [
        (0, "L_PARTS_SPLIT", 1.0), (1, "L_HOLES_BRIDGED", 1.0),
    ]  # fmt: skip
    assert encoded.objects == 2 + 1 + 1 + 1 + 1


def test_via_keeps_attributes_and_flags_beside_the_class() -> None:
    ((_, kept),) = regions(
        box(attributes=b'{"color":"red","n":[1,{"a":null}]}', iscrowd=True, score=0.5, group_id="g", frame=0)
    )

    assert kept == {
        "class": "cat", "iscrowd": True, "score": 0.5, "group_id": "g", "frame": 0,
        "color": "red", "n": [1, {"a": None}],
    }  # fmt: skip
    assert next(iter(kept)) == "class"


def test_an_attribute_in_whose_place_the_class_stands_is_a_loss() -> None:
    records = [picture(box(attributes={"class": "other"}), box(attributes={"class": "cat"}))]

    assert outcomes(records, dialect="via") == [("lossy", ("L_ATTRIBUTES_DROPPED",)), ("written", ())]
    assert regions(*records[0].annotations)[0][1] == {"class": "cat"}


def test_via_gives_the_size_of_the_file_or_minus_one() -> None:
    writer = CsvWriter(CsvOptions(dialect="via"), plan_of([picture()]))
    key = "via_region_data_train.csv#rows"

    known = writer.encode(picture(), Placement("train", "x.jpg", "x", 0, (0,), bytes=1234)).streams[key]
    unknown = writer.encode(picture(), Placement("train", "x.jpg", "x", 0, (0,))).streams[key]
    assert known == b'x.jpg,1234,"{}",0,0,"{}","{}"\n'
    assert unknown == b'x.jpg,-1,"{}",0,0,"{}","{}"\n'


def test_a_line_of_via_is_a_line_of_the_file_whatever_a_text_holds() -> None:
    records = [picture(box(label='two\nlines\r"quoted"', attributes={"note": "a\nb"}), name="a, b.jpg")]
    text = export(records, dialect="via")["via_region_data_train.csv"]

    assert text.count("\n") == 2
    assert "\r" not in text
    assert json.loads(cells(text)[1][6]) == {"class": 'two\nlines\r"quoted"', "note": "a\nb"}


def test_precision_rounds_what_via_draws() -> None:
    drawn = regions(box(5.26, 6.04, 20.555, 10.5), polygon([10.04, 10, 30.06, 10, 10, 30]), precision=1)

    assert drawn[0][0] == {"name": "rect", "x": 5.3, "y": 6, "width": 20.5, "height": 10.5}
    assert drawn[1][0]["all_points_x"] == [10, 30.1, 10]


# -- all of them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["retinanet", "tfod", "openimages", "automl"])
def test_boxes_in_place_of_regions_are_measured_in_the_sample(dialect: Dialect) -> None:
    record = picture(polygon(TRIANGLE), box())
    writer = CsvWriter(CsvOptions(dialect=dialect), plan_of([record]))
    sampled = writer.encode(record, Placement("train", "x.jpg", "x", 0, (0,), measured=True))

    ((position, code, iou),) = sampled.overlaps
    assert (position, code, round(iou, 2)) == (0, "L_REGION_DROPPED", 0.5)
    assert not writer.encode(record, Placement("train", "x.jpg", "x", 0, (0,))).overlaps


@pytest.mark.parametrize("dialect", ["retinanet", "tfod", "openimages", "via", "automl"])
def test_excluded_regions_are_left_out(dialect: str) -> None:
    assert outcomes([picture(polygon(TRIANGLE), box())], dialect=dialect, segmentation="exclude") == [
        ("skipped", ("S_SEGMENTATION_EXCLUDED",)), ("written", ()),
    ]  # fmt: skip


@pytest.mark.parametrize("dialect", ["openimages", "via", "automl"])
def test_other_media_have_no_place(dialect: str) -> None:
    record = Record(2, (Annotation(0, "tag", "cat"),), medium="text", name="a")

    assert outcomes([record], dialect=dialect) == [("skipped", ("S_MEDIA_UNSUPPORTED",))]


#: Dialect → file, column of the name, column of the label.
NAMED = {
    "retinanet": ("annotations_train.csv", 0, 5),
    "tfod": ("train_labels.csv", 0, 3),
    "openimages": ("train-annotations-bbox.csv", 0, 2),
    "automl": ("annotations.csv", 1, 2),
}


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("dialect", NAMED)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_names_and_labels_come_back_exactly(dialect: str, raw: bool, data: st.DataObject) -> None:
    odd = st.builds(str.__add__, st.text("'\ufeff\u3000 =+-@\t＝＋－＠a", max_size=4), TEXT)
    label = data.draw(odd.filter(str.strip))
    if dialect == "automl":
        label = label.replace("\n", " ").replace("\r", " ").strip() or "a"
    stem = data.draw(st.sampled_from(["x", "=x", "'x", "'=x", "－x", "a, b", '"q"', "+1"]))
    eol, bom = data.draw(st.sampled_from(["lf", "crlf"])), data.draw(st.booleans())
    path, name_at, label_at = NAMED[dialect]

    options: dict[str, Any] = {"dialect": dialect, "raw": raw, "eol": eol, "bom": bom}
    text = export([picture(box(label=label), name=f"{stem}.jpg")], **options)[path]
    row = cells(text.removeprefix("\ufeff") if bom else text)[-1]

    expected = stem if dialect == "openimages" else f"{stem}.jpg"
    folder = "images/" if dialect in {"retinanet", "automl"} else ""
    assert plain(row[name_at], raw=raw) == folder + expected
    assert plain(row[label_at], raw=raw) == label
    assert raw or not row[label_at].lstrip("\ufeff\u3000 ").startswith(tuple("=+-@\t＝＋－＠"))


def plain(cell: str, *, raw: bool) -> str:
    """What a reader of exportkit makes of a cell: one ``'`` less where a formula stands behind it."""
    behind = cell.lstrip("'\ufeff\u00a0\u3000 " + "".join(map(chr, range(0x2000, 0x200B))) + "\u1680\u202f\u205f")
    guarded = cell[:1] == "'" and behind[:1] in tuple("=+-@\t\r＝＋－＠")
    return cell[1:] if guarded and not raw else cell
