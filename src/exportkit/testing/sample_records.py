"""Records that every writer must get along with, built anew at each call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

import msgspec

from exportkit.records import KINDS, Annotation, Box, Keypoints, LazyRegion, Record, RotatedBox
from exportkit.testing.sample_annotations import HEIGHT, WIDTH, box_over_the_edge, broken, rings, runs, well_formed

__all__ = ["ODD_CLASSES", "Sample", "samples"]

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


class Draft(NamedTuple):
    """A record to be: title, annotations, and fields that differ from a plain picture."""

    title: str
    annotations: list[Annotation]
    facts: Mapping[str, Any] = {}


def samples() -> list[Sample]:
    """Records of all kinds, whole and broken, plain and odd. Titles and names are unique."""
    numbers = count(1)
    return [
        Sample(draft.title, _numbered(next(numbers), draft.annotations, **draft.facts))
        for draft in (*_plain(), *_spoiled(), *_odd())
    ]


def _numbered(number: int, annotations: list[Annotation], **facts: Any) -> Record:
    placed = [msgspec.structs.replace(a, index=index) for index, a in enumerate(annotations)]
    known: dict[str, Any] = {"name": f"{number}.png", "width": WIDTH, "height": HEIGHT, **facts}
    return Record(item_id=number, annotations=tuple(placed), source_file="part-00001.jsonl", line=number, **known)


def _plain() -> Iterator[Draft]:
    yield Draft("a negative picture", [])
    yield Draft("one annotation of every kind", [well_formed(kind) for kind in KINDS])
    for kind in KINDS:
        yield Draft(f"a plain {kind}", [well_formed(kind)])
    parts = rings([1, 1, 9, 1, 9, 9], [20.25, 20, 40, 20, 40, 40.5])
    hole = LazyRegion([[2, 2, 30, 2, 30, 30, 2, 30]], "coco_rings", holes=[[5, 5, 9, 5, 9, 9]])
    crossed = rings([10, 10, 30, 30, 30, 10, 10, 30])
    yield Draft(
        "polygons of several parts, with a hole, and crossing themselves",
        [Annotation(0, "polygon", "cat", region=region) for region in (parts, hole, crossed)],
    )
    yield Draft("two equal boxes", [well_formed("box"), well_formed("box")])
    yield Draft(
        "fractions of pixels",
        [
            Annotation(0, "box", "cat", box=Box(0.1 + 0.2, 1 / 3, 0.001, 47.5)),
            Annotation(0, "box", "dog", box=Box(1e-9, 0.0, 63.99999999, 1e-3)),
        ],
    )
    yield Draft("a video", [well_formed("box"), well_formed("video_range")], {"medium": "video", "media_id": "video_1"})


def _spoiled() -> Iterator[Draft]:
    yield Draft("everything that is broken", [case.annotation for case in broken()])
    for case in broken():
        yield Draft(f"a {case.title}", [case.annotation])
    yield Draft(
        "a broken region beside a good box",
        [
            Annotation(
                0, kind, "cat", box=Box(4, 6, 20, 10), region=rings([1, 2, 3]) if kind == "polygon" else runs([1])
            )
            for kind in ("polygon", "mask")
        ],
    )
    yield Draft(
        "a broken box beside a good region",
        [Annotation(0, "polygon", "cat", box=Box(30, 6, -20, 10), region=rings([4, 6, 24, 6, 24, 16]))],
    )
    yield Draft(
        "annotations over the edge",
        [
            box_over_the_edge(),
            Annotation(0, "polygon", "cat", region=rings([-9, -9, 900, 24, 24, 900])),
            Annotation(0, "rotated_box", "cat", geometry=RotatedBox(0, 0, 20, 10, 0.5)),
            Annotation(0, "keypoints", "cat", geometry=Keypoints(((5, 5, 2), (900, 5, 2)), "two", ("a", "b"))),
        ],
    )
    yield Draft(
        "huge coordinates",
        [
            Annotation(0, "box", "cat", box=Box(-1e6, -1e6, 1e6 + 32, 1e6 + 24)),
            Annotation(0, "box", "cat", box=Box(-(10**6), 0, 10**6 + 64, 10**6)),
            Annotation(0, "polygon", "cat", region=rings([-1e6, -1e6, 1e6, -1e6, 1e6, 1e6, -1e6, 1e6])),
            Annotation(0, "polygon", "cat", region=LazyRegion(b"[[1e400,0,1,1,0,1]]", "coco_rings")),
            Annotation(0, "rotated_box", "cat", geometry=RotatedBox(32, 24, 1e6, 1e6, 1)),
        ],
    )


def _odd() -> Iterator[Draft]:
    yield Draft("odd class names", [well_formed("box", name) for name in ODD_CLASSES])
    for number, name in enumerate(ODD_CLASSES):
        yield Draft(
            f"class name number {number}, {ascii(name)[:40]}", [well_formed("box", name), well_formed("tag", name)]
        )
    crowd = [msgspec.structs.replace(well_formed(kind), iscrowd=True) for kind in ("box", "polygon", "mask")]
    yield Draft("crowds", crowd)
    yield Draft(
        "flags",
        [
            msgspec.structs.replace(well_formed("box"), difficult=True, truncated=True, occluded=True),
            msgspec.structs.replace(well_formed("box"), score=0.25, frame=3),
            msgspec.structs.replace(well_formed("box"), group_id="g 1", track_id=7, id="a,b"),
            msgspec.structs.replace(well_formed("box"), score=math.nan),
            msgspec.structs.replace(well_formed("box"), group_id="nul\0l", track_id="=1+1", id="new\nline"),
        ],
    )
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
        yield Draft(f"attributes {title}", [msgspec.structs.replace(well_formed("box"), attributes=attributes)])
    areas: tuple[Any, ...] = (200, 5, -1, "large", True, math.nan, [], 10**30)
    for area in areas:
        yield Draft(f"a declared area of {area!r}", [msgspec.structs.replace(well_formed("box"), area=area)])
    yield Draft("a picture of unknown size", [well_formed(kind) for kind in KINDS], {"width": 0, "height": 0})
    yield Draft("a picture of one pixel", [well_formed("box")], {"width": 1, "height": 1})
    yield Draft("an odd file name", [well_formed("box")], {"name": "fol der/caf\u00e9 & <x>,\u5199\u771f #1.png"})
    yield Draft("a file name without extension", [well_formed("box")], {"name": "no_extension"})
