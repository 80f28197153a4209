"""What becomes of records and annotations in Pascal VOC."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exportkit.errors import RecordFault
from exportkit.records import Annotation, Box, Keypoints, LazyRegion, Part, Polygon, Record, RotatedBox, box_texts
from exportkit.writing import Encoded, Placement, Plan, SplitFacts
from exportkit_voc.image_sets import plan_image_sets
from exportkit_voc.options import VocOptions
from exportkit_voc.palette import palette_color
from exportkit_voc.writer import VocWriter

PLACE = Placement("train", "x.jpg", "x", 0)


def encode(writer: VocWriter, *annotations: Annotation, width: int = 100, height: int = 80) -> Encoded:
    return writer.encode(Record(1, annotations, name="x.jpg", width=width, height=height), PLACE)


def tree(encoded: Encoded) -> etree._Element:
    ((path, data),) = encoded.files
    assert path.endswith("Annotations/x.xml")
    return etree.fromstring(data)


def codes(encoded: Encoded) -> list[tuple[str, tuple[str, ...]]]:
    return [(outcome.status, outcome.codes) for outcome in encoded.outcomes]


def box(x: float, y: float, width: float, height: float, label: str = "cat", **fields: Any) -> Annotation:
    return Annotation(0, "box", label, box=Box(x, y, width, height), **fields)


def corners(element: etree._Element) -> list[str | None]:
    return [element.findtext(f"object/bndbox/{name}") for name in ("xmin", "ymin", "xmax", "ymax")]


def attributes(element: etree._Element) -> list[tuple[str | None, str | None]]:
    found = element.iterfind("object/attributes/attribute")
    return [(attribute.findtext("name"), attribute.findtext("value")) for attribute in found]


def test_elements_stand_in_the_order_of_the_format(make_writer: Any) -> None:
    element = tree(encode(make_writer(), box(10, 10, 20, 20, occluded=True, attributes=b'{"a":1}')))

    assert [child.tag for child in element] == ["folder", "filename", "source", "size", "segmented", "object"]
    assert [child.tag for child in element.iterfind("source/*")] == ["database", "annotation", "image"]
    assert [child.tag for child in element.iterfind("size/*")] == ["width", "height", "depth"]
    names = ["name", "pose", "truncated", "difficult", "occluded", "bndbox", "attributes"]
    assert [child.tag for child in element.iterfind("object/*")] == names
    assert element.findtext("folder") == "VOC2012"
    assert element.findtext("filename") == "x.jpg"
    assert [element.findtext(f"size/{name}") for name in ("width", "height", "depth")] == ["100", "80", "3"]
    assert element.findtext("segmented") == "0"
    assert element.findtext("object/pose") == "Unspecified"


@pytest.mark.parametrize(
    ("geometry", "coords", "expected", "grown"),
    [
        ((10, 10, 20, 20), "one", "11 11 30 30", False),
        ((10.5, 9.49, 20, 20.01), "one", "12 10 31 30", False),
        ((0, 0, 100, 80), "one", "1 1 100 80", False),
        ((10.6, 10, 0.2, 20), "one", "11 11 11 30", True),
        ((99.7, 10, 0.3, 20), "one", "100 11 100 30", False),
        ((10, 10, 20, 20), "zero", "10 10 30 30", False),
        ((10.6, 10, 0.2, 20), "zero", "10 10 11 30", True),
        ((99.7, 10, 0.3, 20), "zero", "99 10 100 30", True),
        ((10.25, 10.0, 20, 20), "float", "10.25 10.0 30.25 30", False),
    ],
)
def test_coordinates_follow_the_mode_and_name_it(
    make_writer: Any, geometry: tuple[float, float, float, float], coords: str, expected: str, grown: bool
) -> None:
    encoded = encode(make_writer(coords=coords), box(*geometry))

    element = tree(encoded)
    assert corners(element) == expected.split()
    assert f"coords={coords}" in (element.findtext("source/annotation") or "")
    assert codes(encoded) == [("lossy", ("L_BOX_GROWN",)) if grown else ("written", ())]


side = st.integers(1, 3000)
start = st.floats(0, 3000) | st.integers(0, 3000)
extent = st.floats(0.001, 3000) | st.integers(1, 3000)


@settings(max_examples=100)
@given(
    width=side, height=side, geometry=st.tuples(start, start, extent, extent), coords=st.sampled_from(["one", "zero"])
)
def test_a_box_lies_in_the_picture_in_both_integer_modes(
    width: int, height: int, geometry: tuple[float, float, float, float], coords: str
) -> None:
    plan = Plan(("cat",), {"cat": 0}, (SplitFacts("train", 1, {}),), {}, {"image": 1}, 1, ids_usable=True)
    writer = VocWriter(VocOptions(coords=coords), plan)  # type: ignore[arg-type]

    encoded = encode(writer, box(*geometry), width=width, height=height)

    if encoded.outcomes[0].status != "failed":
        x0, y0, x1, y1 = (int(text or "") for text in corners(tree(encoded)))
        least = 1 if coords == "one" else 0
        assert least <= x0 < x1 + least <= width + least
        assert least <= y0 < y1 + least <= height + least


def test_flags_have_elements_and_other_fields_become_attributes(make_writer: Any) -> None:
    annotation = box(
        1, 1, 5, 5, truncated=True, difficult=True, score=0.25, group_id="g", track_id=7, frame=0,
        attributes={"color": "red", "n": 5, "ok": True, "none": None, "list": [1, "é"]},
    )  # fmt: skip

    encoded = encode(make_writer(), annotation)

    element = tree(encoded)
    assert element.findtext("object/truncated") == "1"
    assert element.findtext("object/difficult") == "1"
    assert element.find("object/occluded") is None
    assert attributes(element) == [
        ("color", "red"), ("n", "5"), ("ok", "true"), ("none", "null"), ("list", '[1,"é"]'),
        ("score", "0.25"), ("group_id", "g"), ("track_id", "7"), ("frame", "0"),
    ]  # fmt: skip
    assert codes(encoded) == [("written", ())]


def test_an_attribute_that_xml_cannot_hold_is_dropped_and_named(make_writer: Any) -> None:
    encoded = encode(make_writer(), box(1, 1, 5, 5, attributes={"bad": "a\x01", "good": "b"}))

    assert attributes(tree(encoded)) == [("good", "b")]
    assert codes(encoded) == [("lossy", ("L_ATTRIBUTES_DROPPED",))]


def test_a_class_that_xml_cannot_hold_fails(make_writer: Any) -> None:
    encoded = encode(make_writer(classes=("a\x01",)), box(1, 1, 5, 5, "a\x01"), box(1, 1, 5, 5, "bird"))

    assert codes(encoded) == [("failed", ("E_CLASS_UNREPRESENTABLE",)), ("failed", ("E_CLASS_UNKNOWN",))]
    assert tree(encoded).find("object") is None
    for name in ("\0", "a\x08", "\x0b", "\x1f", "\ufffe", "\uffff"):
        assert VocWriter.class_fault(name, VocOptions())
    for name in ("\t", "\n", "\r", "\x7f", "\x85", "\u2028", "😀", "<&>"):
        assert VocWriter.class_fault(name, VocOptions()) is None


def test_a_file_name_that_xml_cannot_hold_fails_its_record(make_writer: Any) -> None:
    record = Record(1, (), name="x.\ufffe", width=10, height=10)

    with pytest.raises(RecordFault) as caught:
        make_writer().encode(record, Placement("train", "x.\ufffe", "x", 0))

    assert caught.value.code == "E_NAME_UNSAFE"


def test_a_record_that_is_no_picture_has_no_file(make_writer: Any) -> None:
    encoded = make_writer().encode(Record(1, (box(1, 1, 5, 5),), name="x.mp4", medium="video"), PLACE)

    assert codes(encoded) == [("skipped", ("S_MEDIA_UNSUPPORTED",))]
    assert not encoded.files
    assert not encoded.streams


REGION = Polygon((Part((10, 10, 30, 10, 10, 30)),))


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Annotation(0, "polygon", "cat", region=REGION), ("lossy", ("L_REGION_DROPPED",))),
        (
            Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40, 20, 10, math.pi / 4)),
            ("lossy", ("L_ROTATION_FLATTENED",)),
        ),
        (Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40, 20, 10, math.pi / 2)), ("written", ())),
        (
            Annotation(0, "keypoints", "cat", geometry=Keypoints(((10, 10, 2), (30, 30, 1)))),
            ("lossy", ("L_KEYPOINTS_DROPPED",)),
        ),
        (box(1, 1, 5, 5, iscrowd=True), ("lossy", ("L_CROWD_AS_DIFFICULT",))),
        (box(-5, 1, 10, 5), ("lossy", ("L_CLIPPED",))),
        (Annotation(0, "point", "cat"), ("skipped", ("S_POINT_UNGROUPED",))),
        (Annotation(0, "tag", "cat"), ("skipped", ("S_KIND_UNSUPPORTED",))),
    ],
)
def test_each_kind_ends_as_the_table_says(
    make_writer: Any, annotation: Annotation, expected: tuple[str, tuple[str, ...]]
) -> None:
    encoded = encode(make_writer(), annotation)

    assert codes(encoded) == [expected]
    assert len(tree(encoded).findall("object")) == (expected[0] != "skipped")


attribute_values = (
    st.text(max_size=5)
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([True, False, None, 1, 0, 1.0, -0.0, "true", "\x01", "\ud800", [None], {"a": math.nan}])
)


@settings(max_examples=100)
@given(
    geometry=st.tuples(*[st.integers(-2, 12) | st.floats(-2, 12)] * 4),
    attributes=st.none() | st.dictionaries(st.text(max_size=3), attribute_values, max_size=3),
    kind=st.sampled_from(["box", "polygon", "rotated_box"]),
    label=st.sampled_from(["100 %d", "é", "bird"]),
    flag=st.sampled_from(["", "difficult", "truncated", "occluded", "iscrowd", "score"]),
)
def test_the_short_way_of_good_boxes_equals_the_long_one(
    geometry: tuple[float, float, float, float], attributes: dict[str, Any] | None, kind: str, label: str, flag: str
) -> None:
    flags: dict[str, Any] = {flag: 1 if flag == "score" else True} if flag else {}
    annotation = Annotation(0, kind, label, box=Box(*geometry), attributes=attributes, **flags)
    short = VocWriter(VocOptions(), plan(("100 %d", "é"), "train"))
    long = VocWriter(VocOptions(), plan(("100 %d", "é"), "train"))
    long._plain = box_texts("inclusive", {}, (b"",) * 5, {})

    found: list[Encoded | str] = []
    for writer in (short, long):
        try:
            found.append(encode(writer, annotation, annotation, width=10, height=9))
        except RecordFault as fault:
            found.append(fault.code)

    one, other = found
    if isinstance(one, Encoded) and isinstance(other, Encoded):
        assert codes(one) == codes(other)
        assert (one.files, one.streams) == (other.files, other.streams)
    else:
        assert one == other


def test_class_lists_tell_easy_from_difficult_from_absent(make_writer: Any) -> None:
    easy, crowd = box(1, 1, 5, 5), box(1, 1, 5, 5, "dog", iscrowd=True)

    lists = encode(make_writer(classes=("cat", "cow", "dog")), easy, box(1, 2, 5, 5, difficult=True), crowd).streams

    main = "VOCdevkit/VOC2012/ImageSets/Main"
    assert lists == {
        f"{main}/train.txt#ids": b"x\n",
        f"{main}/trainval.txt#ids": b"x\n",
        f"{main}/cat_train.txt#ids": b"x  1\n",
        "train#absent": b"x -1\n",
        f"{main}/dog_train.txt#ids": b"x  0\n",
    }


def plan(classes: tuple[str, ...], *splits: str) -> Plan:
    facts = tuple(SplitFacts(name, 1, {}) for name in splits)
    index = {name: place for place, name in enumerate(classes)}
    return Plan(classes, index, facts, {}, {"image": 1}, 1, ids_usable=True)


def test_names_that_no_file_can_have_are_replaced_with_a_notice() -> None:
    odd = plan(("a/b", "plain", "q?"), "train")

    sets = plan_image_sets(odd, "ImageSets")

    assert sets.class_files["train"] == tuple(f"ImageSets/Main/{word}_train.txt" for word in ("class_0", "plain", "q_"))
    assert [code for code, _ in VocWriter(VocOptions(), odd).notices()] == ["N_CLASS_FOLDER"]


@pytest.mark.parametrize(
    ("classes", "splits"),
    [
        (tuple(f"c{n}" for n in range(257)), ["train"]),
        (("Cat", "cat"), ["train"]),
        (("a?", "a*"), ["train"]),
        (("a",), ["train", "a_train"]),
    ],
)
def test_class_lists_are_left_out_when_they_would_be_many_or_collide(
    classes: tuple[str, ...], splits: list[str]
) -> None:
    writer = VocWriter(VocOptions(), plan(classes, *splits))

    assert "N_CLASS_FILES_OMITTED" in [code for code, _ in writer.notices()]
    mains = [file.path for file in writer.files() if "/Main/" in file.path]
    assert len(mains) == len(splits) + 1


def test_a_label_map_needs_names_that_it_can_hold() -> None:
    paths = [file.path for file in VocWriter(VocOptions(), plan(("a:b",), "train")).files()]

    assert "VOCdevkit/VOC2012/labelmap.txt" not in paths
    assert palette_color(1) == (128, 0, 0)
    assert palette_color(2) == (0, 128, 0)
    assert palette_color(255) == (224, 224, 192)


def test_root_and_year_change_the_folders() -> None:
    flat = VocWriter(VocOptions(root="flat", year=2007), plan(("cat",), "train"))  # type: ignore[arg-type]
    typed = VocWriter(VocOptions(year="2007"), plan(("cat",), "train"))

    assert flat.picture_path(PLACE) == "JPEGImages/x.jpg"
    assert typed.picture_path(PLACE) == "VOCdevkit/VOC2007/JPEGImages/x.jpg"


def test_pictures_are_kept_unless_transcoding_is_asked_for() -> None:
    assert VocWriter.transcodes(VocOptions()) is None
    assert VocWriter.transcodes(VocOptions(images="transcode")) == "jpg"


def test_ids_hold_nothing_that_cuts_a_line() -> None:
    rule = VocWriter.naming(VocOptions())

    assert rule.layout == "flat"
    assert rule.needs_extension
    assert {" ", "#"} <= set(rule.refused_in_stem)


def test_the_golden_case(write_dataset: Callable[..., Path]) -> None:
    first = Annotation(
        0, "polygon", "cat", box=Box(10, 10, 20, 20), attributes=b'{"color":"red"}',
        region=LazyRegion([[10, 10, 30, 10, 10, 30]], "coco_rings"),
    )  # fmt: skip
    records = [
        Record(10, (first,), name="x.jpg", width=100, height=80),
        Record(11, (box(5, 5, 0, 10, "dog"),), name="x__11.jpg", width=60, height=40),
    ]

    root = write_dataset({"train": records}) / "VOCdevkit/VOC2012"

    element = etree.fromstring((root / "Annotations/x.xml").read_bytes())
    assert corners(element) == ["11", "11", "30", "30"]
    assert attributes(element) == [("color", "red")]
    assert etree.fromstring((root / "Annotations/x__11.xml").read_bytes()).find("object") is None
    assert {path.name: path.read_text() for path in (root / "ImageSets/Main").iterdir()} == {
        "train.txt": "x\nx__11\n",
        "trainval.txt": "x\nx__11\n",
        "cat_train.txt": "x  1\nx__11 -1\n",
        "dog_train.txt": "x -1\nx__11 -1\n",
    }
    assert (root / "labelmap.txt").read_text() == "background:0,0,0::\ncat:128,0,0::\ndog:0,128,0::\n"
