"""Records that every writer must get along with, built anew at each call."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records import (
    KINDS,
    PERSON_17,
    Annotation,
    Box,
    Keypoints,
    LazyRegion,
    Point,
    Record,
    RotatedBox,
)

__all__ = ["HEIGHT", "ODD_CLASSES", "WIDTH", "Broken", "Sample", "box_over_the_edge", "broken", "samples", "well_formed"]

#: Size in pixels of every sample picture.
WIDTH, HEIGHT = 64, 48

#: Class names that break quoting, splitting, paths, spreadsheets and parsers.
ODD_CLASSES = (
    "two words", " padded ", "a,b", 'say "x"', "a'b", "semi;colon", "col:on", "# no comment", "=1+1", "@at", "-dash",
    "<b>&amp;</b>", "a/b", "a\\b", "..", ".", "con", "new\nline", "carriage\rreturn", "tab\there", "nul\0l",
    "bell\x07", "caf\u00e9", "cafe\u0301", "\u5199\u771f", "\U0001f40c", "\u2028", "\u202ertl", "\ufeffmark",
    "null", "NaN", "true", "12", "0", "{}", "[]", "%s", "Cat", "cat", "x" * 300,
)  # fmt: skip


class Sample(NamedTuple):
    """A record and what is special about it."""

    title: str
    record: Record


class Broken(NamedTuple):
    """An annotation no part of which can be read, and the code that says why."""

    title: str
    annotation: Annotation
    code: str


def _rings(*rings: list[float]) -> LazyRegion:
    return LazyRegion(msgspec.json.encode(rings), "coco_rings")


def _runs(counts: list[int], height: int = HEIGHT, width: int = WIDTH) -> LazyRegion:
    return LazyRegion(msgspec.json.encode({"size": [height, width], "counts": counts}), "rle")


def _grid(first: int, covered: int) -> list[int]:
    return [first, covered, WIDTH * HEIGHT - first - covered]


def _points(x: float, y: float, v: int = 2) -> Keypoints:
    return Keypoints(((x, y, v),) * len(PERSON_17.points), PERSON_17.name, PERSON_17.points)


_VALUES: dict[str, Any] = {
    "polyline": [[1, 2], [30.5, 40]],
    "cuboid": {
        "position": {"x": 1, "y": 2, "z": 3},
        "scale": {"x": 1, "y": 1, "z": 1},
        "rotation": {"x": 0, "y": 0, "z": 0},
    },
    "point_set": {"points": [1, 2, 3]},
    "caption": "a picture",
    "relation": (1, 2),
    "group": (1, 2),
    "text_range": {"ranges": [], "content": "text"},
    "audio_range": {"startTime": 0, "endTime": 1.5},
    "video_range": {"startFrame": 0, "endFrame": 9},
    "time_range": {"startTime": 0, "endTime": 1.5},
    "prompt": {"input": "question"},
    "answer": {"output": "answer"},
}


def well_formed(kind: str, label: str | None = "cat") -> Annotation:
    """A plain annotation of one kind: whole, inside the picture, no attribute, no flag."""
    parts: dict[str, Any] = {
        "box": {"box": Box(4, 6, 20, 10)},
        "rotated_box": {"geometry": RotatedBox(32, 24, 20, 10, 0.5)},
        "polygon": {"region": _rings([4, 6, 24, 6, 24, 16, 4, 16])},
        "mask": {"region": _runs([4 * HEIGHT + 6, 10, 38, 10, WIDTH * HEIGHT - 4 * HEIGHT - 64])},
        "keypoints": {"geometry": _spread(), "box": Box(4, 6, 20, 30)},
        "point": {"geometry": Point(8, 9, 2)},
        "tag": {},
    }.get(kind, {"geometry": _VALUES.get(kind)})
    return Annotation(index=0, kind=kind, label=label, **parts)


def _spread() -> Keypoints:
    number = len(PERSON_17.points)
    points = tuple((5 + place, 7 + place, 2) for place in range(number))
    return Keypoints(points, PERSON_17.name, PERSON_17.points)


def box_over_the_edge() -> Annotation:
    """A box that lies partly outside: what becomes of it is the user's choice."""
    return Annotation(0, "box", "cat", box=Box(-4, 6, 20, 10))


def broken() -> Iterator[Broken]:
    """Annotations whose every part is broken, with the code that a writer that reads them must give."""
    yield from _broken_boxes()
    yield from _broken_regions()
    yield from _broken_points()
    for kind in _VALUES:
        fault = AnnotationFault("E_ANNOTATION", f"This is no {kind}.", "")
        yield Broken(f"{kind} that could not be read", Annotation(0, kind, "cat", geometry=fault), "E_ANNOTATION")


def _broken_boxes() -> Iterator[Broken]:
    for title, box, code in (
        ("of three numbers", AnnotationFault("E_BOX_SHAPE", "A box has four numbers.", ".bbox"), "E_BOX_SHAPE"),
        ("without a box", None, "E_ANNOTATION"),
        ("of negative width", Box(30, 6, -20, 10), "E_BOX_NEGATIVE"),
        ("without width", Box(4, 6, 0, 10), "E_BOX_ZERO_AREA"),
        ("outside the picture", Box(900, 6, 20, 10), "E_OUTSIDE"),
        ("left of the picture", Box(-900, 6, 20, 10), "E_OUTSIDE"),
        ("that is not a number", Box(math.nan, 6, 20, 10), "E_NOT_FINITE"),
        ("without end", Box(4, 6, math.inf, 10), "E_NOT_FINITE"),
        ("of a million pixels and more", Box(4, 6, 2e6, 10), "E_NUMBER_RANGE"),
    ):
        yield Broken(f"box {title}", Annotation(0, "box", "cat", box=box), code)
    for title, turned, code in (
        ("of three numbers", AnnotationFault("E_BOX_SHAPE", "A box has four numbers.", ".bbox"), "E_BOX_SHAPE"),
        ("without a box", None, "E_ANNOTATION"),
        ("without width", RotatedBox(32, 24, 0, 10, 0.5), "E_BOX_ZERO_AREA"),
        ("outside the picture", RotatedBox(900, 24, 20, 10, 0.5), "E_OUTSIDE"),
        ("with a turn that is not a number", RotatedBox(32, 24, 20, 10, math.nan), "E_NOT_FINITE"),
    ):
        yield Broken(f"rotated box {title}", Annotation(0, "rotated_box", "cat", geometry=turned), code)


def _broken_regions() -> Iterator[Broken]:
    stored = AnnotationFault("E_POLYGON_ODD", "A ring has pairs of numbers.", ".segmentation[0]")
    for title, region, code in (
        ("that could not be read", stored, "E_POLYGON_ODD"),
        ("without a region", None, "E_ANNOTATION"),
        ("of an odd count of numbers", _rings([4, 6, 24, 6, 24]), "E_POLYGON_ODD"),
        ("of two points", _rings([4, 6, 24, 6]), "E_POLYGON_POINTS"),
        ("without area", _rings([4, 6, 14, 6, 24, 6]), "E_POLYGON_ZERO_AREA"),
        ("with one bad part of two", _rings([4, 6, 24, 6, 24, 16], [1, 1]), "E_POLYGON_POINTS"),
        ("outside the picture", _rings([904, 6, 924, 6, 924, 16]), "E_OUTSIDE"),
        ("that is no JSON", LazyRegion(b"[[1,2", "coco_rings"), "E_ANNOTATION"),
    ):
        yield Broken(f"polygon {title}", Annotation(0, "polygon", "cat", region=region), code)
    for title, region, code in (
        ("whose runs end too early", _runs([1, 2]), "E_MASK_RUNS"),
        ("of another size", _runs([1, 2, 1], 2, 2), "E_MASK_SIZE"),
        ("without a pixel", _runs([WIDTH * HEIGHT]), "E_MASK_EMPTY"),
        ("of an unknown encoding", LazyRegion(b'{"size":[48,64]}', "rle"), "E_MASK_ENCODING"),
    ):
        yield Broken(f"mask {title}", Annotation(0, "mask", "cat", region=region), code)


def _broken_points() -> Iterator[Broken]:
    fault = AnnotationFault("E_KEYPOINT_COUNT", "Key points are triplets.", ".keypoints")
    for title, points, code in (
        ("that could not be read", fault, "E_KEYPOINT_COUNT"),
        ("none of which is labelled", _points(0, 0, 0), "E_KEYPOINT_NONE"),
        ("all outside the picture", _points(900, 900), "E_OUTSIDE"),
    ):
        yield Broken(f"key points {title}", Annotation(0, "keypoints", "cat", geometry=points), code)
    point = AnnotationFault("E_KEYPOINT_VISIBILITY", "Visibility is 0, 1 or 2.", ".v")
    yield Broken("point that could not be read", Annotation(0, "point", "cat", geometry=point), "E_KEYPOINT_VISIBILITY")
    yield Broken("point outside the picture", Annotation(0, "point", "cat", geometry=Point(900, 9, 2)), "E_OUTSIDE")


def samples() -> list[Sample]:
    """Records of all kinds, whole and broken, plain and odd. Titles and names are unique."""
    numbers = count(1)
    return [
        Sample(title, _numbered(next(numbers), annotations, **facts))
        for title, annotations, facts in (*_plain(), *_broken(), *_odd())
    ]


Draft = tuple[str, list[Annotation], dict[str, Any]]


def _numbered(number: int, annotations: list[Annotation], **facts: Any) -> Record:
    placed = [msgspec.structs.replace(a, index=index) for index, a in enumerate(annotations)]
    known: dict[str, Any] = {"name": f"{number}.png", "width": WIDTH, "height": HEIGHT, **facts}
    return Record(item_id=number, annotations=tuple(placed), source_file="part-00001.jsonl", line=number, **known)


def _plain() -> Iterator[Draft]:
    yield "a negative picture", [], {}
    yield "one annotation of every kind", [well_formed(kind) for kind in KINDS], {}
    for kind in KINDS:
        yield f"a plain {kind}", [well_formed(kind)], {}
    parts = _rings([1, 1, 9, 1, 9, 9], [20.25, 20, 40, 20, 40, 40.5])
    hole = LazyRegion([[2, 2, 30, 2, 30, 30, 2, 30]], "coco_rings", holes=[[5, 5, 9, 5, 9, 9]])
    crossed = _rings([10, 10, 30, 30, 30, 10, 10, 30])
    yield "polygons of several parts, with a hole, and crossing themselves", [
        Annotation(0, "polygon", "cat", region=region) for region in (parts, hole, crossed)
    ], {}
    yield "two equal boxes", [well_formed("box"), well_formed("box")], {}
    yield "fractions of pixels", [
        Annotation(0, "box", "cat", box=Box(0.1 + 0.2, 1 / 3, 0.001, 47.5)),
        Annotation(0, "box", "dog", box=Box(1e-9, 0.0, 63.99999999, 1e-3)),
    ], {}
    yield "a video", [well_formed("box"), well_formed("video_range")], {"medium": "video", "media_id": "video_1"}


def _broken() -> Iterator[Draft]:
    yield "everything that is broken", [case.annotation for case in broken()], {}
    for case in broken():
        yield f"a {case.title}", [case.annotation], {}
    yield "a broken region beside a good box", [
        Annotation(0, kind, "cat", box=Box(4, 6, 20, 10), region=_rings([1, 2, 3]) if kind == "polygon" else _runs([1]))
        for kind in ("polygon", "mask")
    ], {}
    yield "a broken box beside a good region", [
        Annotation(0, "polygon", "cat", box=Box(30, 6, -20, 10), region=_rings([4, 6, 24, 6, 24, 16]))
    ], {}
    yield "annotations over the edge", [
        box_over_the_edge(),
        Annotation(0, "polygon", "cat", region=_rings([-9, -9, 900, 24, 24, 900])),
        Annotation(0, "rotated_box", "cat", geometry=RotatedBox(0, 0, 20, 10, 0.5)),
        Annotation(0, "keypoints", "cat", geometry=Keypoints(((5, 5, 2), (900, 5, 2)), "two", ("a", "b"))),
    ], {}
    yield "huge coordinates", [
        Annotation(0, "box", "cat", box=Box(-1e6, -1e6, 1e6 + 32, 1e6 + 24)),
        Annotation(0, "box", "cat", box=Box(-(10**6), 0, 10**6 + 64, 10**6)),
        Annotation(0, "polygon", "cat", region=_rings([-1e6, -1e6, 1e6, -1e6, 1e6, 1e6, -1e6, 1e6])),
        Annotation(0, "polygon", "cat", region=LazyRegion(b"[[1e400,0,1,1,0,1]]", "coco_rings")),
        Annotation(0, "rotated_box", "cat", geometry=RotatedBox(32, 24, 1e6, 1e6, 1)),
    ], {}


def _odd() -> Iterator[Draft]:
    yield "odd class names", [well_formed("box", name) for name in ODD_CLASSES], {}
    for number, name in enumerate(ODD_CLASSES):
        yield f"class name number {number}, {ascii(name)[:40]}", [well_formed("box", name), well_formed("tag", name)], {}
    crowd = [msgspec.structs.replace(well_formed(kind), iscrowd=True) for kind in ("box", "polygon", "mask")]
    yield "crowds", crowd, {}
    yield "flags", [
        msgspec.structs.replace(well_formed("box"), difficult=True, truncated=True, occluded=True),
        msgspec.structs.replace(well_formed("box"), score=0.25, frame=3),
        msgspec.structs.replace(well_formed("box"), group_id="g 1", track_id=7, id="a,b"),
        msgspec.structs.replace(well_formed("box"), score=math.nan),
        msgspec.structs.replace(well_formed("box"), group_id="nul\0l", track_id="=1+1", id="new\nline"),
    ], {}
    for title, attributes in (
        ("as JSON text", b'{"colour":"red","n":[1,2.5,null,{"deep":true}]}'),
        ("as a mapping", {"colour": "r\u00f6t", "quote": '"', "line": "\n"}),
        ("that are empty", b"{}"),
        ("that are no JSON", b'{"a":'),
        ("that are no object", b"[1]"),
        ("with a number beyond all", b'{"a":1e999}'),
        ("with a long number", b'{"a":123456789012345678901234567890}'),
        ("with half a character", {"a": "\ud800"}),
        ("with a control character", {"a\x01": "\x02"}),
    ):
        yield f"attributes {title}", [msgspec.structs.replace(well_formed("box"), attributes=attributes)], {}
    for area in (200, 5, -1, "large", True, math.nan, [], 10**30):
        yield f"a declared area of {area!r}", [msgspec.structs.replace(well_formed("box"), area=area)], {}
    yield "a picture of unknown size", [well_formed(kind) for kind in KINDS], {"width": 0, "height": 0}
    yield "a picture of one pixel", [well_formed("box")], {"width": 1, "height": 1}
    yield "an odd file name", [well_formed("box")], {"name": "fol der/caf\u00e9 & <x>,\u5199\u771f #1.png"}
    yield "a file name without extension", [well_formed("box")], {"name": "no_extension"}
