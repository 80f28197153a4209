"""Ordinary lines of DM V1 and V2 are read by the compiled reader, and as the general way reads them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.normalize.agreement import NATIVE, NOTHING, assert_native_agrees, blanks, needs_core, odd, spread

from exportkit.normalize import InputOptions, LineNormalizer, Normalizer
from exportkit.normalize.lines import BUILTIN_NORMALIZERS
from exportkit.normalize.seed_native import seed_reader

pytestmark = needs_core

Json = dict[str, Any]

number = st.one_of(st.integers(-5, 700), st.floats(0, 700), st.sampled_from([1_000_000, -1e6, 1e-9, -0.0]))
word = st.sampled_from(["car", "käse", " car", "rotation", "visibility", "a b"])
value = st.one_of(number, st.text(max_size=3), st.booleans(), st.none(), st.lists(number, max_size=2))
turn = st.sampled_from([0, 0.0, 0.3, -2, 2 * math.pi, 1e-10, None])
identity = st.one_of(st.integers(0, 99), st.text("abé\n", min_size=1, max_size=2))
sides = st.lists(number, min_size=4, max_size=4)
pairs = st.lists(st.tuples(number, number).map(list), min_size=1, max_size=6) | st.just(
    [[1, 1], [9, 1], [9, 9], [1, 1]]
)
others = ("videos", "pcds", "texts", "audios", "prompts", "datas")
#: Keys that some schema reads, or that none knows.
KEYS = (
    *("id", "tool", "class", "classification", "attrs", "name", "value", "data", "coordinate", "x", "y", "rotation"),
    *("group_id", "visibility", "encoding", "isCompressed", "bounding_box", "polygon", "keypoint", "segmentation"),
    *(
        "images",
        "image_1",
        "image_2",
        "annotations",
        "annotationsData",
        "annotation_data",
        "annotation_meta",
        "annotationGroups",
    ),
    *("relations", "extra", "width", "height", "split", "group", "data_unit", "mode", "file", "new", *others),
)


def joined(*parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """One object of the members of all, in any order."""
    members = st.tuples(*parts).map(lambda found: [pair for part in found for pair in part.items()])
    return members.flatmap(st.permutations).map(dict)


def optional(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(NOTHING, optional=parts)


def fixed(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(parts)


v2_attributes = st.lists(joined(fixed(name=word), optional(value=value, unit=value)), max_size=3)
turned_attributes = st.tuples(turn, v2_attributes).map(
    lambda found: [{"name": "rotation", "value": found[0]}, *found[1]]
)


def v2_annotation(data: st.SearchStrategy[Any], attributes: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    more = optional(
        id=identity, attrs=st.none() | attributes, group_id=st.integers(0, 2), visibility=value, encoding=value
    )
    return joined(fixed(classification=word, data=data), more)


image = joined(
    optional(
        bounding_box=st.lists(v2_annotation(sides, v2_attributes | turned_attributes), max_size=3),
        polygon=st.lists(v2_annotation(pairs, v2_attributes), max_size=3),
        classification=st.lists(v2_annotation(st.none() | value, v2_attributes | turned_attributes), max_size=2),
        keypoint=st.just([]),
    )
)
size = optional(width=st.integers(1, 9), height=st.integers(1, 9), depth=value)
extra = st.fixed_dictionaries({"image_1": st.just({"width": 3, "height": 4}) | size}, optional={"image_2": size})
v2 = joined(
    fixed(images=st.lists(image, min_size=1, max_size=1)),
    optional(**dict.fromkeys(others, st.just([])), classification=value, extra=extra),
)
point = joined(fixed(x=number, y=number), optional(id=st.text('a]["\\\\{,', max_size=4), z=value))


@st.composite
def v1(draw: st.DrawFn) -> Json:
    """Annotations and their data side by side."""
    records, geometry = [], []
    for name in draw(st.lists(st.text("abc", min_size=1, max_size=3) | st.integers(0, 9), max_size=3, unique=True)):
        tool = draw(st.sampled_from(["bounding_box", "polygon", "classification"]))
        classification = joined(fixed(**{"class": word}), st.dictionaries(word, value, max_size=2))
        box = joined(fixed(x=number, y=number, width=number, height=number), optional(rotation=turn, z=number)) | sides
        ring = st.lists(point, min_size=1, max_size=5) | pairs
        shape = {"bounding_box": box, "polygon": ring, "classification": value}[tool]
        head = st.just({"id": name, "tool": tool})
        records.append(draw(joined(head, fixed(classification=classification), optional(isLocked=value, label=value))))
        geometry.append(draw(joined(st.just({"id": name}), fixed(coordinate=shape), optional(z=value))))
    media = draw(st.sampled_from(["image_1", "image_1", "image_1", "image_7"]))
    data = {"annotations": {media: records}, "annotationsData": {media: geometry}}
    nothing: st.SearchStrategy[Any] = st.sampled_from([{}, [], None, {media: []}, {media: None}])
    more = optional(extra=extra, relations=nothing, annotationGroups=nothing, assignmentId=value, classification=value)
    return draw(joined(st.just(data), more))


@st.composite
def wrapped(draw: st.DrawFn) -> Json:
    """DM V2 beside what a conversion keeps of its V1."""
    kept = draw(v1() | joined(optional(extra=extra)) | st.none())
    return draw(joined(fixed(annotation_data=v2, annotation_meta=st.just(kept)), optional(extra=extra, z=value)))


def parts_of(holder: Any) -> list[tuple[Any, Any]]:
    """Every place within a value: an object or array and a key or position of it."""
    keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
    return [place for key in keys for place in ((holder, key), *parts_of(holder[key]))]


def hurt(draw: st.DrawFn, line: Json) -> None:
    """Change one place of a line: another value, another member, no value, or the same twice."""
    holder, key = draw(st.sampled_from(parts_of(line)))
    match draw(st.integers(0, 4)):
        case 0:
            holder[key] = draw(odd)
        case 1 if isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS))] = draw(odd)
        case 2:
            del holder[key]
        case 3 if isinstance(holder, list):
            holder.append(holder[key])
        case _ if isinstance(holder[key], dict):
            holder[key][draw(st.sampled_from(KEYS))] = draw(odd)


@st.composite
def drawn_lines(draw: st.DrawFn) -> Json:
    """An ordinary line of DM, or one with a few strange places."""
    line: Json = draw(
        joined(
            fixed(id=st.integers(1, 9), data=v1() | v2 | wrapped()),
            optional(
                data_unit=st.just({"name": "u.jpg", "width": 30, "height": 4}),
                files_manifest=st.just(
                    {"image_1": {"bundle_path": "files/1/a.jpg", "meta": {"width": 5, "height": 6}}}
                ),
                status_label=st.sampled_from(["completed", "in review"]),
                project=value,
            ),
        )
    )
    copy: Json = json.loads(json.dumps(line))
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        hurt(draw, copy)
    return copy


lines = drawn_lines()


@settings(max_examples=800, deadline=None)
@given(lines, st.lists(blanks, min_size=1, max_size=5), st.booleans())
def test_lines_of_dm_give_the_record_of_the_general_way(line: Json, gaps: list[str], ascii_only: bool) -> None:
    assert_native_agrees((gaps[0] + spread(line, gaps, ascii_only)).encode())


HEAD: Json = {"id": 7, "data_unit": {"id": 1, "name": "a.jpg", "width": 640, "height": 480}}
V2: Json = {
    "classification": {"bounding_box": ["car"]},
    "images": [
        {
            "bounding_box": [
                {
                    "id": "b",
                    "classification": "car",
                    "attrs": [{"name": "color", "value": "red"}],
                    "data": [1, 2.5, 3, 4],
                },
                {
                    "id": "c",
                    "classification": "car",
                    "attrs": [{"name": "rotation", "value": 0.3}],
                    "data": [9, 9, 8, 4],
                },
            ],
            "polygon": [{"id": "p", "classification": "road", "attrs": [], "data": [[1, 2], [30, 2], [3, 50.5]]}],
            "classification": [
                {"id": "t", "classification": "day", "attrs": [{"name": "sky", "value": 1}], "data": {}}
            ],
            "keypoint": [],
        }
    ],
    **{key: [] for key in others},
}
FLAGS = {"isLocked": False, "isVisible": True, "isValid": False, "isDrawCompleted": True, "label": ["car"]}
V1: Json = {
    "extra": {"image_1": {"width": 64, "height": 48}},
    "annotations": {
        "image_1": [
            {"id": "b", "tool": "bounding_box", **FLAGS, "classification": {"class": "car", "color": "red"}},
            {"id": 3, "tool": "bounding_box", "classification": {"class": "car"}},
            {"id": "p", "tool": "polygon", "classification": {"class": "road", "wet": True}},
            {"id": "t", "tool": "classification", "classification": {"class": "day", "sky": 1}},
        ]
    },
    "annotationsData": {
        "image_1": [
            {"id": "b", "coordinate": {"x": 1, "y": 2.5, "width": 3, "height": 4}},
            {"id": 3, "coordinate": {"x": 9, "y": 9, "width": 8, "height": 4, "rotation": 0.3}},
            {"id": "p", "coordinate": [{"x": 1, "y": 2, "id": "]"}, {"x": 30, "y": 2}, {"z": [], "x": 3, "y": 9.5}]},
            {"id": "t"},
        ]
    },
    "relations": {"image_1": []},
    "annotationGroups": {"image_1": []},
    "assignmentId": 5,
}  # fmt: skip


WRAPPED: Json = {"annotation_data": V2, "annotation_meta": V1}
SCHEMAS = pytest.mark.parametrize("data", [V1, V2, WRAPPED], ids=["v1", "v2", "wrapped"])


def text_of(data: Json, **more: Any) -> bytes:
    return json.dumps({**HEAD, "data": data, **more}).encode()


@SCHEMAS
@pytest.mark.parametrize("backwards", [False, True])
def test_ordinary_lines_of_dm_are_taken(data: Json, backwards: bool) -> None:
    assert NATIVE is not None
    text = text_of(dict(reversed(data.items())) if backwards else data)
    record, survey = NATIVE.normalise(text), NATIVE.survey(text)
    assert record is not None
    assert survey is not None
    assert [annotation.kind for annotation in record.annotations] == ["box", "rotated_box", "polygon", "tag"]
    assert [*survey.contents] == [("box", "car"), ("rotated_box", "car"), ("polygon", "road"), ("tag", "day")]
    assert record.media_id == survey.media_id == "image_1"
    assert_native_agrees(text)


@pytest.mark.parametrize("data", [{"images": []}, {"images": [{}]}, {"images": [{"polygon": []}], "extra": {}},
                                  {"annotations": {}, "annotationsData": {}},
                                  {"annotations": {"image_3": []}, "annotationsData": {"image_3": []}}])  # fmt: skip
def test_a_picture_without_annotations_is_ordinary(data: Json) -> None:
    assert NATIVE is not None
    assert NATIVE.survey(text_of(data)) is not None
    assert_native_agrees(text_of(data))


def changed(data: Json, change: Callable[[Any], Any]) -> bytes:
    copy = json.loads(json.dumps(data))
    change(copy)
    return text_of(copy)


V2_CHANGES: dict[str, Callable[[Any], Any]] = {
    "several pictures": lambda data: data["images"].append({}),
    "another medium": lambda data: data["videos"].append({}),
    "an unknown tool": lambda data: data["images"][0].update(lasso=[{}]),
    "a key point": lambda data: data["images"][0]["keypoint"].append({"classification": "nose", "data": [1, 2]}),
    "an unknown key of an annotation": lambda data: data["images"][0]["polygon"][0].update(new=1),
    "an unknown key of data": lambda data: data.update(new=None),
    "no class": lambda data: data["images"][0]["polygon"][0].pop("classification"),
    "a blank class": lambda data: data["images"][0]["polygon"][0].update(classification=" "),
    "no geometry": lambda data: data["images"][0]["polygon"][0].pop("data"),
    "an empty ring": lambda data: data["images"][0]["polygon"][0].update(data=[]),
    "a box as an object": lambda data: data["images"][0]["bounding_box"][0].update(data={"x": 1}),
    "a text as rotation": lambda data: data["images"][0]["bounding_box"][1]["attrs"][0].update(value="1"),
    "deep attributes": lambda data: data["images"][0]["bounding_box"][0]["attrs"][0].update(value=[[1]]),
    "a size that is none": lambda data: data.update(extra={"image_1": {"width": 0, "height": 1}}),
}
V1_CHANGES: dict[str, Callable[[Any], Any]] = {
    "several pictures": lambda data: data["annotations"].update(image_2=[]),
    "another order": lambda data: data["annotationsData"]["image_1"].reverse(),
    "geometry of nothing": lambda data: data["annotationsData"]["image_1"].append({"id": "z"}),
    "no geometry": lambda data: data["annotationsData"]["image_1"].pop(),
    "no geometry at all": lambda data: data.pop("annotationsData"),
    "an id twice": lambda data: [data[key]["image_1"][0].update(id=3) for key in ("annotations", "annotationsData")],
    "no id": lambda data: [data[key]["image_1"][0].pop("id") for key in ("annotations", "annotationsData")],
    "a relation": lambda data: data["relations"]["image_1"].append({"id": "r"}),
    "a group": lambda data: data["annotationGroups"]["image_1"].append({"id": "g", "annotationIds": ["b"]}),
    "a group that is none": lambda data: data["annotationGroups"].update(image_1={}),
    "an unknown key of an annotation": lambda data: data["annotations"]["image_1"][0].update(new=1),
    "a point without y": lambda data: data["annotationsData"]["image_1"][2]["coordinate"][0].pop("y"),
    "a point of text": lambda data: data["annotationsData"]["image_1"][2]["coordinate"][0].update(y="1"),
    "a side that is missing": lambda data: data["annotationsData"]["image_1"][0]["coordinate"].pop("width"),
    "no class": lambda data: data["annotations"]["image_1"][0]["classification"].pop("class"),
    "a keypoint": lambda data: data["annotations"]["image_1"][0].update(tool="keypoint"),
}


@pytest.mark.parametrize("change", V2_CHANGES)
def test_what_is_unusual_in_v2_is_left_to_the_general_way(change: str) -> None:
    assert NATIVE is not None
    text = changed(V2, V2_CHANGES[change])
    assert NATIVE.survey(text) is None
    assert NATIVE.normalise(text, True) is None


WRAPPED_CHANGES: dict[str, Callable[[Any], Any]] = {
    "two pictures in its meta": lambda data: data["annotation_meta"]["annotations"].update(image_2=[]),
    "other pictures in its meta": lambda data: data["annotation_meta"].update(annotationsData={"image_2": []}),
    "another medium in its meta": lambda data: data["annotation_meta"].update(annotations={"video_1": []}),
    "a group": lambda data: data["annotation_meta"]["annotationGroups"]["image_1"].append({"id": "g"}),
    "a meta that is none": lambda data: data.update(annotation_meta=[]),
    "annotations outside": lambda data: data.update(annotations=[]),
    "pictures outside": lambda data: data.update(images=[]),
    "an unknown key": lambda data: data["annotation_data"].update(new=1),
    "no pictures": lambda data: data["annotation_data"].pop("images"),
}


@pytest.mark.parametrize("change", WRAPPED_CHANGES)
def test_what_is_unusual_in_a_wrapper_is_left_to_the_general_way(change: str) -> None:
    assert NATIVE is not None
    text = changed(WRAPPED, WRAPPED_CHANGES[change])
    assert NATIVE.survey(text) is None
    assert NATIVE.normalise(text, True) is None


def test_wrapped_annotations_have_the_medium_and_the_size_of_their_meta() -> None:
    assert NATIVE is not None
    meta = {"annotations": {"image_7": []}, "extra": {"image_7": {"width": 3, "height": 4}, "image_1": {"width": 9}}}
    text = text_of({"annotation_meta": meta, "annotation_data": V2, "extra": {"image_7": {"width": 5, "height": 5}}})
    record = NATIVE.normalise(text)
    assert record is not None
    assert (record.media_id, record.width, record.height) == ("image_7", 3, 4)
    assert record.annotations[0].json_path == "$.data.annotation_data.images[0].bounding_box[0]"
    assert_native_agrees(text)


@pytest.mark.parametrize("keys", ["images", "annotation_data", "annotations", "annotationsData"])
def test_of_a_key_that_is_given_twice_the_last_one_counts(keys: str) -> None:
    for data in (V1, V2, WRAPPED):
        for again in (
            b"null",
            b"[]",
            b"{}",
            b'[{"polygon":[]}]',
            b'[{"bounding_box":[{"classification":"c","data":[1,2,3,4]}]}]',
        ):
            assert_native_agrees(text_of(data)[:-2] + b',"%s":%s}}' % (keys.encode(), again))
            for holder in (b'"data": {', b'"annotation_data": {'):
                assert_native_agrees(text_of(data).replace(holder, holder + b'"%s":%s,' % (keys.encode(), again)))


@pytest.mark.parametrize("change", V1_CHANGES)
def test_what_is_unusual_in_v1_is_left_to_the_general_way(change: str) -> None:
    assert NATIVE is not None
    text = changed(V1, V1_CHANGES[change])
    assert NATIVE.survey(text) is None
    assert NATIVE.normalise(text, True) is None


@SCHEMAS
@pytest.mark.parametrize("more", [{"assignee": 1}, {"data_unit": {"new": 1}}, {"files_manifest": {"a": {"new": 1}}}])
def test_a_line_of_dm_with_an_unknown_key_is_left_to_the_general_way(data: Json, more: Json) -> None:
    assert NATIVE is not None
    assert NATIVE.survey(text_of(data, **more)) is None
    assert NATIVE.survey(text_of(data, project=1, status="x", pgh_label="y")) is not None


@settings(max_examples=600, deadline=None)
@given(st.data(), st.sampled_from([V1, V2, WRAPPED]))
def test_broken_bytes_of_dm_are_refused_or_read_as_the_general_way_reads_them(
    data: st.DataObject, source: Json
) -> None:
    text = bytearray(text_of(source))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        piece = data.draw(st.sampled_from([
            b"", b"0", b"-", b".", b"e9", b"1e400", b"9" * 19, b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\",
            b"\\u00e9", b"\\ud800", "ä".encode(), b"\xff", b"\x00", b"null", b" ", b'"id":"b",', b'"x":1,',
            b'"data":[1,2,3,4],', b'"name":"rotation",', b'"images":[],', b'"annotations":[],', b"[1,2],",
            b'"annotationsData":{},', b'{"x":1,"y":1},',
        ]))  # fmt: skip
        text[at : at + data.draw(st.integers(0, 3))] = piece
    assert_native_agrees(bytes(text))


@SCHEMAS
def test_a_line_of_dm_that_is_cut_is_refused(data: Json) -> None:
    assert NATIVE is not None
    text = text_of(data)
    assert not [end for end in range(len(text)) if NATIVE.survey(text[:end]) is not None]


def test_equal_attributes_mean_what_their_schema_says() -> None:
    """The same text is geometry of a box, an attribute of a polygon, and a class in another schema."""
    assert NATIVE is not None
    attributes = [{"name": "rotation", "value": None}]
    image = {
        "polygon": [{"classification": "c", "attrs": attributes, "data": [[1, 2], [30, 2], [3, 50]]}],
        "bounding_box": [{"classification": "c", "attrs": attributes, "data": [1, 2, 3, 4]}],
    }
    classification = {"class": "car", "color": "red"}
    seed = {"annotations": [{"category": "c", "bbox": [1, 2, 3, 4], "attributes": classification}]}
    for data in ({"images": [image]}, V1, seed, V1, {"images": [dict(reversed(image.items()))]}):
        assert NATIVE.survey(text_of(data)) is not None
        assert_native_agrees(text_of(data))


def test_a_rotation_that_options_read_is_left_to_the_general_way() -> None:
    reader = seed_reader(InputOptions(rotation="deg"))
    assert reader is not None
    assert reader.survey(text_of(V1)) is reader.survey(text_of(V2)) is None
    assert reader.survey(changed(V2, lambda data: data["images"][0]["bounding_box"].pop())) is not None


class Claims(Normalizer):
    """Takes every line of DM V2 for itself."""

    name = "claims"

    @classmethod
    def recognises(cls, data: Any) -> bool:
        return "images" in data

    def normalise(self, item: Any, options: InputOptions) -> list[Any]:
        return []


def test_a_normaliser_that_stands_before_ours_gets_lines_of_dm() -> None:
    before: list[type[Normalizer]] = [*BUILTIN_NORMALIZERS[:3], Claims, *BUILTIN_NORMALIZERS[3:]]
    assert LineNormalizer(normalizers=before).records(text_of(V2)) == []
    assert len(LineNormalizer(normalizers=[*BUILTIN_NORMALIZERS, Claims]).records(text_of(V2))) == 1
