"""Each function of the compiled core gives what its twin in Python gives, or leaves the matter to it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.native import core
from exportkit.pictures import structure
from exportkit.records import Annotation, Box, BoxForm, Part, Polygon, Record, box_texts
from exportkit.records.box_texts import PlainBoxTexts
from exportkit.records.region import LazyRegion
from exportkit.records.ring import measured
from exportkit.writing import lossy, skipped, written
from exportkit.writing.ledger import Ledger, PlainTally
from exportkit.writing.outcome import WRITTEN, Outcome
from exportkit_voc import xml_file
from exportkit_voc.file_rules import judge_file
from exportkit_yolo import label_file

pytestmark = pytest.mark.skipif(core is None, reason="the compiled core is not built or switched off")

sides = st.one_of(
    st.integers(0, 40),
    st.floats(0, 40),
    st.decimals(0, 40, places=3).map(float),
    st.sampled_from([0.0, -0.0, 1e-7, 0.00005, 0.0001, 0.001, 0.5, 1.5, 2.5, 39.9995, 1e300, 2**70, -1]),
)
values = st.one_of(st.booleans(), st.none(), st.text(max_size=3), st.integers(-3, 3), st.floats(allow_nan=False))
drawn = st.builds(
    lambda index, kind, label, box, more: Annotation(index, kind, label, box=box, **more),
    st.integers(0, 5),
    st.sampled_from(["box", "polygon", "mask", "point"]),
    st.sampled_from(["cat", "kättchen", "none", None]),
    st.one_of(st.none(), st.builds(Box, sides, sides, sides, sides)),
    st.one_of(
        st.just({}),
        st.fixed_dictionaries({"attributes": st.dictionaries(st.text(max_size=2), values, max_size=3)}),
        st.sampled_from([{"iscrowd": True}, {"score": 0.5}, {"frame": 0}, {"occluded": True}, {"attributes": b"{}"}]),
    ),
)
FORMS: list[BoxForm] = ["fractions", "inclusive", "edges"]
HEADS = {"cat": b"0 ", "k\u00e4ttchen": "100 % k\u00e4ttchen;".encode()}
SEPARATORS = (b" ", b"%d", b"", b" %% ", b"\n")
OUTCOMES = {kind: (written(), lossy("L_ATTRIBUTES_DROPPED")) for kind in ("box", "polygon", "mask")}


def attribute_text(attributes: Any) -> bytes | None:
    return None if len(attributes) > 2 else repr(attributes).encode()


@settings(max_examples=400, deadline=None)
@given(st.lists(drawn, max_size=6), st.sampled_from(FORMS), st.booleans(), st.booleans(), st.integers(0, 41))
def test_texts_of_boxes(
    source: list[Annotation], form: BoxForm, with_attributes: bool, distinct: bool, width: int
) -> None:
    text_of = attribute_text if with_attributes else None
    native = box_texts(form, HEADS, SEPARATORS, OUTCOMES, text_of)
    plain = PlainBoxTexts(form, HEADS, SEPARATORS, OUTCOMES, text_of)
    size = (width, 40)

    texts, outcomes = native.of(tuple(source), *size)
    wanted_texts, wanted_outcomes = plain.of(tuple(source), *size) if width else ([None] * len(source),) * 2
    for text, outcome, wanted, expected in zip(texts, outcomes, wanted_texts, wanted_outcomes, strict=True):
        # What the compiled maker is not sure about it leaves to the writer, which comes to the same text.
        assert (text, outcome) == (wanted, expected) or (text is None and outcome is None)
    whole = native.whole(tuple(source), *size, b"<", b">", distinct)
    if whole is not None:
        assert whole == plain.whole(tuple(source), *size, b"<", b">", distinct)
    else:
        assert None in texts or (distinct and len(set(texts)) < len(texts))


@settings(max_examples=500, deadline=None)
@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6))
def test_numbers_are_rounded_as_python_rounds_them(x: float, side: float) -> None:
    annotation = Annotation(0, "box", "cat", box=Box(x, x, side, side))
    for form in FORMS:
        native = box_texts(form, {"cat": b""}, (b" ", b" ", b" ", b"", b""), OUTCOMES)
        plain = PlainBoxTexts(form, {"cat": b""}, (b" ", b" ", b" ", b"", b""), OUTCOMES)
        assert native.of((annotation,), 3_000_001, 2_999_999) == plain.of((annotation,), 3_000_001, 2_999_999)


def test_ties_of_six_decimals_are_rounded_as_python_rounds_them() -> None:
    native = box_texts("fractions", {"cat": b""}, (b" ", b" ", b" ", b"", b""), OUTCOMES)
    plain = PlainBoxTexts("fractions", {"cat": b""}, (b" ", b" ", b" ", b"", b""), OUTCOMES)
    for number in range(1, 4000):
        annotation = Annotation(0, "box", "cat", box=Box(number / 2, number, 1, number / 4))
        assert native.of((annotation,), 1_000_000, 64_000) == plain.of((annotation,), 1_000_000, 64_000)


def test_texts_of_equal_attributes_are_made_once_and_true_is_not_one() -> None:
    asked = []

    def text_of(attributes: Any) -> bytes:
        asked.append(dict(attributes))
        return json.dumps(attributes).encode()

    native = box_texts("inclusive", HEADS, SEPARATORS, OUTCOMES, text_of)
    given_attributes: list[dict[str, Any]] = [{"a": True}, {"a": True}, {"a": "True"}, {"a": None}, {"b": True}]
    source = tuple(Annotation(0, "box", "cat", box=Box(1, 1, 2, 2), attributes=each) for each in given_attributes)

    texts, _ = native.of(source, 9, 9)

    assert [json.loads(text[text.index(b"{") :]) for text in texts if text] == given_attributes
    assert asked == [{"a": True}, {"a": "True"}, {"a": None}, {"b": True}]


rows = st.lists(
    st.tuples(st.integers(0, 12), *[st.floats(0, 1.01).map("{:.6f}".format)] * 4).map(
        lambda row: f"{row[0]} {row[1]} {row[2]} {row[3]} {row[4]}\n"
    ),
    max_size=5,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(rows, st.integers(0, 200), st.sampled_from(["", "0", " ", "\n", "9", ".", "1e3", "\r\n", "01 "]), st.booleans())
def test_label_files(text: str, at: int, piece: str, repeat: bool) -> None:
    data = (text[:at] + piece + text[at:]).encode() * (1 + repeat)
    assert core is not None
    found = core.judge_detect_rows(data)
    if found is not None:
        wanted = label_file._row_by_row(data, None)
        assert (wanted.rows, wanted.top_class, wanted.top_line) == found
        assert not wanted.faults
        assert [form for form, _ in wanted.forms] == [label_file.DETECT]


def test_a_usual_label_file_is_judged_by_the_core_and_a_repeated_row_is_not() -> None:
    assert core is not None
    lines = [f"{n} 0.500000 0.500000 0.{n:06d} 0.250000\n".encode() for n in range(1, 400)]
    assert core.judge_detect_rows(b"".join(lines)) == (399, 399, 399)
    assert core.judge_detect_rows(b"".join([*lines, lines[7]])) is None
    assert core.judge_detect_rows(b"0 0.500000 0.500000 1.100000 0.250000\n") is None


XML = """<annotation>
\t<folder>VOC2012</folder>
\t<filename>x.jpg</filename>
\t<source>
\t\t<database>exportkit</database>
\t\t<annotation>exportkit coords=one</annotation>
\t\t<image>unknown</image>
\t</source>
\t<size>
\t\t<width>40</width>
\t\t<height>30</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
\t<object>
\t\t<name>cat</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>1</difficult>
\t\t<occluded>1</occluded>
\t\t<bndbox>
\t\t\t<xmin>1</xmin>
\t\t\t<ymin>2</ymin>
\t\t\t<xmax>40</xmax>
\t\t\t<ymax>30</ymax>
\t\t</bndbox>
\t\t<attributes>
\t\t\t<attribute>
\t\t\t\t<name>color</name>
\t\t\t\t<value>red</value>
\t\t\t</attribute>
\t\t</attributes>
\t</object>
\t<object>
\t\t<name>cat</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>1</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>3</xmin>
\t\t\t<ymin>4</ymin>
\t\t\t<xmax>3</xmax>
\t\t\t<ymax>5</ymax>
\t\t</bndbox>
\t</object>
</annotation>
"""


def test_a_usual_annotation_file_is_judged_by_the_core() -> None:
    assert core is not None
    classes: dict[str, dict[str, bool]] = {"dog": {}}
    assert core.judge_voc_files(["x", "y"], [XML.encode()] * 2, classes) == (2, [(40, 30), None])
    assert classes == {"dog": {}, "cat": {"x": True}}


def test_classes_of_many_annotation_files_are_noted_by_file() -> None:
    assert core is not None
    words = [f"class {number}" for number in range(600)]
    files = [XML.replace(">cat<", f">{word}<").replace("x.jpg", f"{word}.jpg").encode() for word in words]
    difficult = files[0].replace(b"<difficult>0", b"<difficult>1")
    classes: dict[str, dict[str, bool]] = {}
    first = core.judge_voc_files(words[:1], [difficult], classes)
    assert first == (2, [(40, 30)])
    assert classes == {words[0]: {words[0]: False}}
    assert core.judge_voc_files(words * 2, files * 2, classes) == (2400, [(40, 30)] * 1200)
    assert classes == {word: {word: True} for word in words}


@settings(max_examples=500, deadline=None)
@given(
    st.integers(0, len(XML)),
    st.integers(0, 12),
    st.sampled_from(["", "0", "41", "-", "&amp;", "<", ">", "\n", "\t", "ä", " ", "zero", "</object>\n", "\x00"]),
)
def test_annotation_files(at: int, cut: int, piece: str) -> None:
    data = (XML[:at] + piece + XML[at + cut :]).encode()
    assert core is not None
    classes: dict[str, dict[str, bool]] = {}
    objects, (size,) = core.judge_voc_files(["x"], [data], classes)
    if size is None:
        assert (objects, classes) == (0, {})
        return
    file = xml_file.read_thoroughly(data)
    assert judge_file("Annotations/x.xml", file) == []
    assert (*size, objects) == (int(file.width or 0), int(file.height or 0), len(file.words))
    easy = Counter(name for name, _, _, difficult in file.words if difficult == "0")
    assert classes == {name: {"x": easy[name] > 0} for name, *_ in file.words if name}


coordinates = st.one_of(st.integers(-5, 30), st.floats(-5, 30), st.sampled_from([1e6, 1_000_001, 0.1, -0.0, 1e-9]))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(coordinates, max_size=10), max_size=3), st.booleans())
def test_measures_of_rings(rings: list[list[float]], compact: bool) -> None:
    text = json.dumps(rings, separators=(",", ":") if compact else None).encode()
    assert core is not None
    found = core.measure_rings(text)
    if found is None:
        return
    measures, plain_text, shortest = found
    apart = [measured(tuple(ring)) for ring in rings]
    assert None not in apart
    lefts, tops, rights, bottoms, areas = zip(*apart, strict=True)
    assert list(map(repr, measures[:4])) == list(map(repr, (min(lefts), min(tops), max(rights), max(bottoms))))
    assert measures[4] == pytest.approx(sum(areas), rel=1e-6)
    assert shortest == min(len(ring) // 2 for ring in rings)
    assert plain_text == (None if b"e" in text else text.replace(b" ", b""))


def test_a_region_keeps_the_whole_text_that_the_core_gives_it() -> None:
    region = LazyRegion(b"[[1, 2.50, 30, 4, 5, 60]]", "coco_rings")
    assert region.clean_json() == b"[[1,2.50,30,4,5,60]]"
    polygon = region.get()
    assert isinstance(polygon, Polygon)
    assert polygon.parts == (Part((1, 2.5, 30, 4, 5, 60)),)
    assert polygon.bounds() == (1, 2.5, 30, 60)


outcomes = st.sampled_from([WRITTEN, written("N_NO_KEYPOINTS"), lossy("L_CLIPPED"), skipped("S_CROWD")])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(["cat", "dog", None]), outcomes, st.sampled_from([(), ("N_CLASS_DEFAULT",)])),
            max_size=4,
        ),
        max_size=5,
    ),
    st.sampled_from(["first", "none", "all"]),
)
def test_tallies(records: list[list[tuple[str | None, Outcome, tuple[str, ...]]]], loss_list: Any) -> None:
    native, plain = Ledger("x", loss_list), Ledger("x", loss_list)
    plain._pairs = PlainTally()
    plain._settle(WRITTEN)
    for number, parts in enumerate(records):
        made = tuple(Annotation(n, "box", label, notices=notes) for n, (label, _, notes) in enumerate(parts))
        record = Record(number, made)
        for ledger in (native, plain):
            ledger.record_written(record, [outcome for _, outcome, _ in parts], -1)
    assert native.close() == plain.close()
    assert (native.losses, native.errors) == (plain.losses, plain.errors)


plain_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.decimals(-2_000_000, 2_000_000, places=2).map(float),
        st.text(),
        st.sampled_from([0.0, -0.0, 0.005, 0.995, 1.005, 999999.995, 1e6, 1e15, 1e16, 1e-5, -(2**63), 2**63, "\ud800"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.one_of(st.text(), st.integers()), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(plain_values)
def test_lines_of_plain_values(value: Any) -> None:
    assert core is not None
    line = core.json_line(value)
    assert line in {None, written_by_msgspec(value)}
    if isinstance(value, (bool, str)) and value != "\ud800":
        assert line is not None or any("\ud800" <= letter <= "\udfff" for letter in str(value))


def written_by_msgspec(value: Any) -> bytes | None:
    """The line of a value; None where it is no JSON."""
    try:
        return msgspec.json.encode(value) + b"\n"
    except (TypeError, ValueError, OverflowError):
        return None


def test_ordinary_lines_are_written_by_the_core() -> None:
    assert core is not None
    things = [
        {
            "id": 7,
            "bbox": [0.5, 12.25, -3.75, 640],
            "area": 1234567.891,
            "label": 'Zebra "é"',
            "crowd": False,
            "x": None,
        }
    ]
    assert core.json_line({"data": things}) == msgspec.json.encode({"data": things}) + b"\n"


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 2**64, {1: 2}, object(), {1}, b"", 1e300])
def test_what_takes_a_closer_look_is_left_to_the_general_way(value: Any) -> None:
    assert core is not None
    assert core.json_line({"a": [1.5, value]}) is None


def test_cycles_and_depths_without_end_are_left_to_the_general_way() -> None:
    assert core is not None
    endless: list[Any] = []
    endless.append(endless)
    assert core.json_line(endless) is None


def read_by_msgspec(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


ordinary_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**17), 10**17),
        st.floats(allow_nan=False, allow_infinity=False),
        st.decimals(-20_000, 20_000, places=2).map(float),
        st.text(st.characters(exclude_categories=["Cs"])),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(max_size=3), ordinary_values, max_size=4), st.booleans(), st.booleans())
def test_objects_of_lines(members: dict[str, Any], spaced: bool, escaped: bool) -> None:
    assert core is not None
    text = json.dumps(members, ensure_ascii=escaped, indent=1 if spaced else None).encode()
    found = core.json_object(text)
    assert found is None or repr(found) == repr(msgspec.json.decode(text))


@settings(max_examples=500, deadline=None)
@given(st.text('0123456789.,-+eE[]{}"\\: tunlr\x00\n\u00e9', max_size=14), st.integers(0, 12))
def test_texts_that_are_no_json_are_no_objects(middle: str, cut: int) -> None:
    assert core is not None
    for text in (f'{{"a":[1.5,{middle}]}}', f'{{"a":{middle}}}', f'{{"{middle}":12.25}}', f'{{"a":[1.25]}}{middle}'):
        line = text.encode()
        for tried in (line, line[: len(line) - cut]):
            found = core.json_object(tried)
            assert found is None or repr(found) == repr(read_by_msgspec(tried))


@pytest.mark.parametrize(
    "number", ["0.5", "12.25", "00.5", "0.", ".5", "-0.0", "1.5e3", "123456.7", "1234567.25", "999.999"]
)
@pytest.mark.parametrize("after", ["", ",1,2,3", ", 1.5 ", "x", " "])
def test_short_numbers_with_a_point(number: str, after: str) -> None:
    assert core is not None
    line = f'{{"a":[{number}{after}]}}'.encode()
    found = core.json_object(line)
    assert found is None or repr(found) == repr(read_by_msgspec(line))
    if read_by_msgspec(line) is not None:
        assert found is not None


def test_objects_share_nothing_that_can_be_changed() -> None:
    assert core is not None
    line = b'{"a":{"b":[1.5]},"c":{"b":[1.5]}}'
    first, second = core.json_object(line), core.json_object(line)
    assert first is not None
    assert second is not None
    first["a"]["b"].append(2)
    assert second == {"a": {"b": [1.5]}, "c": {"b": [1.5]}}
    assert first["c"] == {"b": [1.5]}


def test_deep_lines_are_left_to_the_general_way() -> None:
    assert core is not None
    assert core.json_object(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}") is None
    assert core.json_object(b'{"a":' + b"[" * 100_000) is None
    assert core.json_object(b"") is None
    assert core.json_object(b"[1]") is None


def test_ids_are_passed_up_to_the_first_line_in_doubt() -> None:
    assert core is not None
    lines = [b'{"id":-3}', b'{"data":[1,2],"id":2 }\r', b'{"id":7,"data":{"id":1}}', b'{"id":7}']
    text = bytearray(b"\n".join(lines))
    at = sum(len(line) + 1 for line in lines[:3])
    assert core.pass_ascending_ids(text, 0, len(text), -(2**63)) == (at, 7)
    assert core.pass_ascending_ids(text, 0, at - 1, -(2**63)) == (at - 1, 7)
    with pytest.raises(ValueError, match="no text"):
        core.pass_ascending_ids(text, 0, len(text) + 1, 0)


MARKERS = [
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xda\0\x03a",
    b"\xff\xc0\0\x02",
    b"\xff\xe1\0\x04\xff\xd9",
    b"\xff\0",
    b"\xff\xd3",
]
STRAYS = [b"\xff", b"\0", b"pixels", b"\xff\xff\xd9", b"\xff\x01", b"\xff\xfe\0\x01", b"\xff\xfe\xff\xff", b"\xff\xda"]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(MARKERS + STRAYS), max_size=8).map(b"".join), st.integers(0, 3), st.booleans())
def test_whole_jpeg_files(rest: bytes, cut: int, begins: bool) -> None:
    data = (b"\xff\xd8\xff\xda\0\x02" if begins else b"") + rest
    data = data[: len(data) - cut]
    check = structure.StructureCheck("jpg")
    for at in range(len(data)):  # of single bytes none is a whole picture, so that only the walk tells
        check.feed(data[at : at + 1])

    assert core is not None
    assert core.whole_jpeg(memoryview(data)) == (check.finish() is None)
