"""The fast path gives what the general way gives, and its shape means the same to msgspec and to pydantic."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tests.normalize.agreement import (
    GENERAL,
    NATIVE,
    NOTHING,
    as_values,
    assert_native_agrees,
    blanks,
    contents,
    mostly,
    needs_core,
    odd,
    spread,
)

from exportkit.normalize import InputOptions, survey_of
from exportkit.normalize.explain import explain
from exportkit.normalize.seed_fast import SeedFast
from exportkit.normalize.shapes import SeedLine
from exportkit.wire.tolerant import tolerant_loads

FAST = SeedFast(InputOptions())
ADAPTER = TypeAdapter(SeedLine)
DECODER = msgspec.json.Decoder(SeedLine)


number = st.one_of(st.integers(-5, 700), st.floats(0, 700), st.sampled_from([1_000_000, 1_000_001, -1e6, 1e-9]))
rings = st.lists(st.lists(number, min_size=6, max_size=8), max_size=2)


def flat(points: list[tuple[Any, ...]]) -> list[Any]:
    return [value for point in points for value in point]


seed_annotations = st.fixed_dictionaries(
    NOTHING,
    optional={
        "id": mostly(st.one_of(st.integers(), st.text(max_size=3))),
        "category": mostly(st.sampled_from(["car", " car", "日本"])),
        "bbox": mostly(st.lists(number, min_size=4, max_size=4)),
        "segmentation": mostly(st.one_of(rings, st.just({"size": [2, 2], "counts": [0, 4]}), st.none())),
        "area": mostly(number),
        "iscrowd": mostly(st.sampled_from([0, 1, True, False])),
        "difficult": mostly(st.booleans()),
        "score": mostly(number),
        "frame": mostly(st.integers(0, 9)),
        "group_id": mostly(st.integers(0, 9)),
        "attributes": mostly(st.dictionaries(st.text(max_size=3), st.one_of(number, st.text(max_size=3)), max_size=2)),
        "rotation": mostly(st.one_of(number, st.sampled_from([0, 2 * math.pi, 1e-10, 0.3, -2]))),
        "keypoints": mostly(st.lists(st.tuples(number, number, st.integers(0, 3)), max_size=18).map(flat)),
        "unknown": odd,
    },
)
rare = st.fixed_dictionaries(
    NOTHING, optional=dict.fromkeys(("type", "rotation", "keypoints", "holes", "label", "box"), odd)
)
entries = st.fixed_dictionaries(
    NOTHING,
    optional={
        "bundle_path": mostly(st.just("files/1/a.jpg")),
        "url": mostly(st.just("https://x/1")),
        "file_name_original": mostly(st.just("d/ä.jpg")),
        "is_primary": mostly(st.booleans()),
        "meta": mostly(
            st.fixed_dictionaries(NOTHING, optional={"width": mostly(st.integers(1, 9)), "height": st.integers(1, 9)})
        ),
        "size": mostly(st.integers(0, 9)),
        "sha256": mostly(st.just("A" * 64)),
    },
)
lines = st.fixed_dictionaries(
    {
        "id": mostly(st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.text(min_size=1, max_size=3))),
        "data": mostly(
            st.fixed_dictionaries(
                {
                    "annotations": mostly(
                        st.lists(
                            st.one_of(
                                seed_annotations,
                                st.tuples(seed_annotations, rare).map(lambda pair: {**pair[0], **pair[1]}),
                            ),
                            max_size=3,
                        )
                    )
                },
                optional={"split": mostly(st.just("val")), "group": odd, "data_unit": odd},
            )
        ),
    },
    optional={
        "pgh_id": odd,
        "status_label": mostly(st.sampled_from(["completed", "in review", "", "fertig ✓"])),
        "data_unit": mostly(
            st.fixed_dictionaries(
                NOTHING,
                optional={
                    "name": mostly(st.just("u.jpg")),
                    "width": mostly(st.integers(1, 9)),
                    "height": st.just(4),
                    "group": odd,
                },
            )
        ),
        "files_manifest": mostly(st.dictionaries(st.sampled_from(["a", "b"]), mostly(entries), max_size=2)),
        "split": mostly(st.just("train")),
        "group": odd,
        "file": st.one_of(st.none(), entries),
        "files": st.one_of(st.none(), entries),
        "project": odd,
    },
)


@settings(max_examples=100, deadline=None)
@given(lines)
def test_a_line_that_the_fast_path_accepts_gives_the_record_of_the_general_way(line: dict[str, Any]) -> None:
    text = json.dumps(line).encode()
    fast = FAST.normalise(text)
    if fast is None:
        assert FAST.survey(text) is None
        return
    (general,) = GENERAL.records_of(tolerant_loads(text))
    assert contents(fast) == contents(general)
    surveyed = FAST.survey(text)
    assert surveyed == survey_of(general)


@settings(max_examples=100, deadline=None)
@given(lines, st.booleans())
def test_msgspec_and_pydantic_accept_the_same_lines(line: dict[str, Any], ascii_only: bool) -> None:
    text = json.dumps(line, ensure_ascii=ascii_only).encode()
    try:
        decoded: SeedLine | None = DECODER.decode(text)
    except msgspec.ValidationError:
        decoded = None
    try:
        validated: SeedLine | None = ADAPTER.validate_json(text)
    except ValidationError:
        validated = None
    assert (decoded is None) == (validated is None)
    assert (explain(json.loads(text)) == {}) == (decoded is not None)
    if decoded is not None and validated is not None:
        assert as_values(decoded) == as_values(validated)


ORDINARY = {
    "id": 7,
    "data": {
        "annotations": [
            {"id": 1, "category": "car", "bbox": [1, 2.5, 3, 4], "segmentation": [[1, 2, 3, 4, 5, 6]], "area": 6,
             "iscrowd": 0, "attributes": {"color": "red"}},
            {"category": "car", "bbox": [1, 2, 3, 4]},
            {"category": "sky", "segmentation": {"size": [2, 2], "counts": [0, 4]}, "iscrowd": 1},
        ]
    },
    "data_unit": {"id": 1, "name": "a.jpg", "width": 640, "height": 480},
    "files_manifest": {"image_1": {"file_name_original": "a.jpg", "bundle_path": "files/1/a.jpg"}},
    "status_label": "completed",
}  # fmt: skip


@pytest.mark.parametrize("compact", [True, False])
def test_ordinary_lines_take_the_fast_path(compact: bool) -> None:
    text = json.dumps(ORDINARY, separators=(",", ":") if compact else None).encode()
    record = FAST.normalise(text)
    assert record is not None
    assert [annotation.kind for annotation in record.annotations] == ["polygon", "box", "mask"]
    survey = FAST.survey(text)
    assert survey is not None
    assert list(survey.contents) == [("polygon", "car"), ("box", "car"), ("mask", "sky")]


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":1,"data":{"annotations":[{"category":"c","bbox":[1,2,3,4],"attributes":{"a":1e999}}]}}',
        b'{"id":1,"data":{"annotations":[{"category":"c","bbox":[1,2,3,4],"attributes":{"a":[-99999999999999999999]}}]}}',
        b'{"id":1,"data":{"annotations":[{"category":"c","bbox":[NaN,2,3,4]}]}}',
        b'{"id":1,"data":{"annotations":[]},"x":"\xff"}',
        b'{"id":1,"data":{"annotations":[]},"x":"\\ud800"}',
        b'{"id":1,"data":{"annotations":[]},"x":' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"id":1,"data":{"annotations":[]},"x":' + b"[" * 30000 + b"]" * 30000 + b"}",
        b'{"id":1,"data":{"annotations":[]}} x',
        b'{"id":1,"data":{"annotations":[]}',
        b"[]",
        b"",
        b"\xff\xfe",
    ],
)
def test_what_only_the_general_way_can_name_is_refused(line: bytes) -> None:
    assert SeedFast(InputOptions()).normalise(line) is None
    assert SeedFast(InputOptions()).survey(line) is None


@pytest.mark.parametrize("key", ["segmentation", "attributes"])
@pytest.mark.parametrize(("start", "end"), [("[[", "]]"), ('{"a":[', "]}"), ('{"a":{"a":', "}}")])
def test_deep_values_of_an_annotation_are_left_to_the_general_way(key: str, start: str, end: str) -> None:
    value = start * 150 + "1" + end * 150
    line = f'{{"id":1,"data":{{"annotations":[{{"category":"c","bbox":[1,2,3,4],"{key}":{value}}}]}}}}'.encode()
    assert SeedFast(InputOptions()).normalise(line) is None


def test_unknown_keys_do_not_cost_the_fast_path() -> None:
    fast = SeedFast(InputOptions())
    drifted = json.dumps({**ORDINARY, "assignee": {"name": "x"}}).encode()
    for line in (drifted, json.dumps(ORDINARY).encode(), drifted):
        assert fast.normalise(line) is not None


def test_an_explanation_names_path_and_reason() -> None:
    line = {"id": 1, "data": {"annotations": [{"category": "c", "bbox": [1, 2, 3, "4"]}]}}
    assert list(explain(line)) == ["$.data.annotations[0].bbox[3]"]


@needs_core
@settings(max_examples=300, deadline=None)
@given(lines, st.lists(blanks, min_size=1, max_size=5), st.booleans())
def test_the_compiled_reader_gives_the_record_of_the_general_way(
    line: dict[str, Any], gaps: list[str], ascii_only: bool
) -> None:
    assert_native_agrees((gaps[0] + spread(line, gaps, ascii_only)).encode())


@needs_core
@settings(max_examples=500, deadline=None)
@given(st.data())
def test_the_compiled_reader_refuses_broken_bytes_or_reads_them_as_the_general_way(data: st.DataObject) -> None:
    text = bytearray(json.dumps(ORDINARY).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        piece = data.draw(st.sampled_from([
            b"", b"0", b"-", b".", b"e9", b"E+99", b"1e400", b"9" * 19, b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\",
            b"\\u00e9", b"\\ud83d\\ude00", b"\\ud800", b"\\n", "ä".encode(), b"\xff", b"\x00", b"null", b"true", b" ",
            b'"x":[{"y":null}],', b'"type":null,', b'"type":"box",', b'"id":1,',
        ]))  # fmt: skip
        text[at : at + data.draw(st.integers(0, 3))] = piece
    assert_native_agrees(bytes(text))


@needs_core
@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.floats(-1e6, 1e6).map(repr),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.decimals(-1_000_000, 1_000_000, places=12).map("{:f}".format),
        st.from_regex(r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    )
)
def test_the_compiled_reader_rounds_numbers_as_python_does(number: str) -> None:
    line = f'{{"id":1,"data":{{"annotations":[{{"category":"c","bbox":[{number},2,3,4],"area":{number}}}]}}}}'.encode()
    assert NATIVE is not None
    record = NATIVE.normalise(line)
    if record is None:
        return
    (general,) = GENERAL.records_of(tolerant_loads(line))
    assert repr(record.annotations[0].box) == repr(general.annotations[0].box)
    assert repr(record.annotations[0].area) == repr(general.annotations[0].area)


@needs_core
@pytest.mark.parametrize("compact", [True, False])
def test_ordinary_lines_are_taken_by_the_compiled_reader(compact: bool) -> None:
    assert NATIVE is not None
    line = {**ORDINARY, "assignee": {"name": ["x", {"y": 1.5}]}, "note": "日本", "group": 5}
    for ascii_only in (True, False):
        text = json.dumps(line, separators=(",", ":") if compact else None, ensure_ascii=ascii_only).encode()
        assert NATIVE.survey(text) is not None
        assert_native_agrees(text)


@needs_core
def test_a_turned_box_whose_class_is_no_text_is_left_to_the_general_way() -> None:
    assert NATIVE is not None
    line = b'{"id":1,"data":{"annotations":[{"category":"a\xff","bbox":[1,2,3,4],"rotation":1}]}}'
    assert NATIVE.normalise(line) is None
    assert NATIVE.survey(line) is None


@needs_core
def test_turned_boxes_and_key_points_are_taken_by_the_compiled_reader() -> None:
    assert NATIVE is not None
    turned = {"category": "car", "bbox": [1, 2.5, 30, 4], "rotation": 0.3}
    whole_turn = {"category": "car", "bbox": [1, 2.5, 30, 4], "rotation": 2 * math.pi}
    posed = {"category": "man", "bbox": [1, 2, 30, 4], "keypoints": [5, 6.5, 2, 7, 8, 0, 1, 1, 1]}
    line = {**ORDINARY, "data": {"annotations": [turned, whole_turn, posed, {**posed, "bbox": None}]}}
    text = json.dumps(line).encode()
    record, survey = NATIVE.normalise(text), NATIVE.survey(text)
    assert record is not None
    assert [annotation.kind for annotation in record.annotations] == ["rotated_box", "box", "keypoints", "keypoints"]
    assert survey is not None
    assert len(survey.skeletons) == 2
    assert_native_agrees(text)


@needs_core
@pytest.mark.parametrize(
    "line",
    [
        b'{"id":1,"data":{"annotations":[]},"data":{"annotations":[]}}',
        b'{"id":1,"data":{"annotations":[{"category":"c","bbox":[1,2,3,4],"b\\u0062ox":null}]}}',
        b'{"id":1,"data":{"annotations":[{"category":"c","bbox":[1,2,3,4],"rotat\\u0069on":1}]}}',
        b'{"id":1,"data":{"annotations":[{"category":" ","bbox":[1,2,3,4]}]}}',
        b'{"id":1,"data":{"annotations":[{"category":"c","bbox":[01,2,3,4]}]}}',
        b'{"id":1,"data":{"annotations":[{"category":"c","bbox":[1,2,3,4],"segmentation":[[1,2,3,4,5,6.]]}]}}',
        b'{"id":1,"data":{"annotations":[{"category":"c","bbox":[1,2,3,4],"segmentation":[[1,2,3,4,5,1e999]]}]}}',
        b'{"id":1,"data":{"annotations":[]}}\x00',
        b'{"id":1,"data":{"annotations":[]}}' + b"]",
        b'{"id":1,"data":{"annotations":[]},"x":' + b"[" * 100_000,
        b'{"id":1,"data":{"annotations":[]},"x":"\xff"}',
        b'{"id":1,"data":{"annotations":[]},"x":"\\ud800"}',
    ],
)
def test_the_compiled_reader_leaves_what_it_is_not_sure_about(line: bytes) -> None:
    assert NATIVE is not None
    for end in range(len(line) + 1):
        assert NATIVE.survey(line[:end]) is None or end < len(line)
    assert NATIVE.normalise(line) is None


@needs_core
def test_the_compiled_reader_outlives_failing_classes_and_forgets_nothing() -> None:
    assert NATIVE is not None
    with pytest.raises(TypeError):
        NATIVE.survey("text")  # type: ignore[arg-type]
    lines = [json.dumps({"id": n, "data": {"annotations": [{"category": f"c{n}", "bbox": [1, 2, 3, 4]}]}}).encode()
             for n in range(5000)]  # fmt: skip
    for n, line in enumerate(lines):
        survey, record = NATIVE.survey(line), NATIVE.normalise(line)
        assert survey is not None
        assert record is not None
        assert list(survey.contents) == [("box", f"c{n}")]
        assert record.annotations[0].label == f"c{n}"
