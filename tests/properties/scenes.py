"""Strategies: any bundle of records of all kinds, flags and schemas, whole and broken (formats, sections 1 and 2)."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from PIL import Image
from tests.conversion.workbench import png
from tests.properties.drawn import Part, Point, area_of, corners
from tests.properties.things import DM_TOOLS, Picture, Scene, Schema, Thing, dm_order

UGLY_LABELS = (
    "cat",
    "dog",
    "a b",
    "n02",
    "no",
    "1.5",
    "null",
    "=1+1",
    "+x",
    "@y",
    "-z",
    "con",
    "images",
    "a/b",
    "..",
    "é",
    "e\u0301",
    "Ω:#",
    "line\nbreak",
    "tab\there",
    " lead",
    "trail ",
    "<&>\"'",
    "a\u2028b",
    "\x7f",
    "\ufeffmark",
    "🦊",
    "CAT",
    "nan",
    "a,b",
    "x" * 150,
    "{}",
    "100%",
    "a\rb",
    "name.txt",
    "\u202eltr",
    "\ufffe",
    "\x00nul",
    "\x0bvt",
)
UGLY_NAMES = (
    "a.png",
    "b/a.png",
    "b/A.PNG",
    "c/d/x y.png",
    "é.png",
    "e\u0301.png",
    "con.png",
    "no extension",
    ".hidden.png",
    "a.txt",
    "labels/images/x.png",
    "#1 x.png",
    "100%.png",
    "日本語.png",
    "🦊.png",
    "a..png",
    "a:b.png",
    "q?.png",
    "../up.png",
    "/abs.png",
    "trail .png",
    "classes.png",
    "data.yaml",
    "x" * 240 + ".png",
    "=1.png",
    "back\\slash.png",
    "a\u2028b.png",
    "<x>&.png",
    "tab\t.png",
    "x.jpeg",
    "a.png ",
)
POINT_NAMES = (("tip", "tail"), ("left_eye", "right_eye", "nose"), ("only",))
_THETAS = (0.3, -0.7, math.pi / 2, math.pi / 4, 3.0, 1e-10, 2 * math.pi, -0.001)


@cache
def picture_file(width: int, height: int, form: str, orientation: int) -> bytes:
    """A small picture; ``width`` and ``height`` are the stored ones."""
    if form == "png":
        return png(width, height)
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (width, height), (90, 120, 150)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def coordinate(low: float, high: float) -> st.SearchStrategy[float]:
    """A pixel coordinate: whole, half, with decimals."""
    return st.one_of(
        st.integers(math.floor(low), math.ceil(high)),
        st.integers(math.floor(low * 2), math.ceil(high * 2)).map(lambda n: n / 2),
        st.integers(math.floor(low * 1000), math.ceil(high * 1000)).map(lambda n: n / 1000),
    )


@st.composite
def boxes(draw: st.DrawFn, width: int, height: int) -> tuple[float, ...]:
    """Mostly inside; sometimes over an edge, thin, or tiny."""
    over = draw(st.sampled_from((0, 0, 0, 3)))
    x: float = draw(coordinate(-over, width - 1))
    y: float = draw(coordinate(-over, height - 1))
    w: float = draw(coordinate(1, max(width - x, 1) + over))
    h: float = draw(coordinate(1, max(height - y, 1) + over))
    if draw(st.integers(0, 9)) == 0:
        w, h = draw(st.sampled_from(((0.002, 0.002), (0.3, float(height)), (1.0, 0.01))))
    # Something of it must be in the picture: what is wholly outside is drawn as a broken thing.
    if x + w < 0.01:
        w = 1 - x
    if y + h < 0.01:
        h = 1 - y
    return (x, y, w, h)


def ring_of(points: list[Point]) -> list[Point]:
    """Points without equal neighbours."""
    kept: list[Point] = []
    for point in points:
        if not kept or point != kept[-1]:
            kept.append(point)
    while len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    return kept


@st.composite
def outlines(draw: st.DrawFn, left: float, top: float, right: float, bottom: float) -> list[Point]:
    """A ring around the middle of a rectangle: points by ascending angle, so it never crosses itself."""
    cx, cy = (left + right) / 2, (top + bottom) / 2
    count = draw(st.integers(3, 7))
    turns = sorted(draw(st.lists(st.integers(0, 23), min_size=count, max_size=count, unique=True)))
    if max((b - a) for a, b in zip(turns, [*turns[1:], turns[0] + 24], strict=True)) >= 12:
        turns = [0, 5, 9, 14, 19]
    points = []
    for turn in turns:
        angle, reach = turn * math.tau / 24, draw(st.sampled_from((0.4, 0.7, 1.0)))
        points.append(
            (
                round(cx + (right - left) / 2 * reach * math.cos(angle), 2),
                round(cy + (bottom - top) / 2 * reach * math.sin(angle), 2),
            )
        )
    return ring_of(points)


@st.composite
def polygon_parts(draw: st.DrawFn, width: int, height: int) -> tuple[Part, ...]:
    """One part or several side by side, with holes or without, inside or over the edges; sometimes crossing."""
    shape = draw(st.sampled_from(("star", "star", "parts", "hole", "free", "rectangle", "over")))
    w, h = float(width), float(height)
    if shape == "rectangle":
        x0, y0 = draw(st.integers(0, width - 2)), draw(st.integers(0, height - 2))
        x1, y1 = draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height))
        return (([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], ()),)
    if shape == "free":
        point = st.tuples(coordinate(0, width), coordinate(0, height))
        ring = ring_of(draw(st.lists(point, min_size=3, max_size=7)))
        if len(set(ring)) >= 3 and abs(area_of(ring)) > 0.5:
            return ((ring, ()),)
    if shape == "over":
        return ((draw(outlines(-w / 3, -h / 3, w * 0.8, h * 0.9)), ()),)
    if shape == "parts":
        middle = w / 2
        return (
            (draw(outlines(0.0, 0.0, middle - 0.5, h)), ()),
            (draw(outlines(middle + 0.5, 0.0, w, h)), ()),
        )
    if shape == "hole" and width >= 8 and height >= 8:
        outer = [(0.5, 0.5), (w - 0.5, 0.5), (w - 0.5, h - 0.5), (0.5, h - 0.5)]
        holes = [draw(outlines(1.0, 1.0, w / 2 - 0.5, h - 1))]
        if draw(st.booleans()):
            holes.append(draw(outlines(w / 2 + 0.5, 1.0, w - 1, h - 1)))
        return ((outer, tuple(holes)),)
    return ((draw(outlines(0.0, 0.0, w, h)), ()),)


@st.composite
def pixel_sets(draw: st.DrawFn, width: int, height: int) -> frozenset[tuple[int, int]]:
    """Any pixels: single ones, blocks, blocks with holes, corners that touch."""
    found: set[tuple[int, int]] = set()
    for _ in range(draw(st.integers(1, 3))):
        x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        x1, y1 = draw(st.integers(x0, width - 1)), draw(st.integers(y0, height - 1))
        block = {(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)}
        found = found ^ block if draw(st.booleans()) else found | block
    found |= set(draw(st.lists(st.tuples(st.integers(0, width - 1), st.integers(0, height - 1)), max_size=4)))
    return frozenset(found or {(0, 0)})


@st.composite
def key_points(draw: st.DrawFn, width: int, height: int) -> tuple[tuple[float, float, int], ...]:
    names = draw(st.sampled_from(POINT_NAMES))
    points = []
    for place in range(len(names)):
        v = draw(st.sampled_from((0, 1, 2, 2)))
        if place == 0:
            v = v or 2
        x, y = draw(coordinate(0, width)), draw(coordinate(0, height))
        if draw(st.integers(0, 11)) == 0 and place:
            x += 2 * width
        points.append((x, y, v) if v else (0, 0, 0))
    return tuple(points)


def common_fields() -> st.SearchStrategy[dict[str, Any]]:
    """Flags and values, most of them absent."""
    identity = st.one_of(st.integers(-5, 5), st.sampled_from(("g1", "=2", "ü")))
    return st.fixed_dictionaries(
        {},
        optional={
            "difficult": st.sampled_from((True, 1, False)),
            "truncated": st.sampled_from((True, 0)),
            "occluded": st.booleans(),
            "score": st.sampled_from((0, 0.5, 1, 0.123456789)),
            "group_id": identity,
            "track_id": identity,
            "frame": st.integers(0, 9),
        },
    ).map(lambda fields: fields if len(fields) < 4 else {})


def attribute_maps() -> st.SearchStrategy[dict[str, Any]]:
    value = st.recursive(
        st.one_of(
            st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from((0.5, "red", "=x", "", "\n", "é🦊", "]]>"))
        ),
        lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
        max_leaves=3,
    )
    key = st.sampled_from(("color", "a b", "=k", "é", "size"))
    return st.one_of(st.just({}), st.just({}), st.dictionaries(key, value, max_size=2))


_FREE: dict[str, dict[str, Any]] = {
    "cuboid": {
        "psr": {"position": {"x": 1, "y": 2, "z": 3}, "scale": {"x": 1, "y": 1, "z": 1}, "rotation": {"x": 0.5}}
    },
    "point_set": {"points": [0, 5, 2]},
    "text_range": {"ranges": [{"start": 0, "end": 4}], "content": "Anna"},
    "audio_range": {"section": {"start": 0.5, "end": 1}},
    "video_range": {"section": {"startFrame": 1, "endFrame": 2}},
    "time_range": {"section": {"start": 0, "end": 1}},
    "prompt": {"input": "why"},
    "answer": {"output": "so"},
}
EXTENTS = ("box", "rotated_box", "polygon", "mask", "keypoints")
KINDS = (*EXTENTS * 3, "point", "tag", "caption", "polyline", *_FREE)


@st.composite
def whole_things(draw: st.DrawFn, width: int, height: int, label: str, kinds: tuple[str, ...] = KINDS) -> Thing:
    """An object in which nothing is broken, of any kind."""
    kind = draw(st.sampled_from(kinds))
    made: dict[str, Any] = {"fields": draw(common_fields()), "attributes": draw(attribute_maps())}
    if kind in EXTENTS and draw(st.integers(0, 7)) == 0:
        made["fields"] = {**made["fields"], "iscrowd": draw(st.sampled_from((1, True)))}
    beside = draw(st.integers(0, 2)) == 0
    if kind == "box":
        made["box"] = draw(boxes(width, height))
    elif kind == "rotated_box":
        theta = draw(st.sampled_from(_THETAS))
        x, y = draw(st.integers(0, max(width - 4, 0))), draw(st.integers(0, max(height - 4, 0)))
        w, h = draw(st.integers(1, max(width - x, 1))), draw(st.integers(1, max(height - y, 1)))
        made |= {"box": (x, y, w, h), "theta": theta}
        if abs(math.remainder(theta, math.tau)) <= 1e-9:
            kind, made["theta"] = "box", 0.0
            made["spoilt"] = {"rotation": theta}
    elif kind == "polygon":
        made["parts"] = draw(polygon_parts(width, height))
        made["box"] = draw(boxes(width, height)) if beside else None
    elif kind == "mask":
        made["pixels"] = draw(pixel_sets(width, height))
        made["box"] = draw(boxes(width, height)) if beside else None
    elif kind == "keypoints":
        made["points"] = draw(key_points(width, height))
        made["names"] = next(names for names in POINT_NAMES if len(names) == len(made["points"]))
        made["box"] = draw(boxes(width, height)) if draw(st.booleans()) else None
        if beside:
            made["parts"] = draw(polygon_parts(width, height))
    elif kind == "point":
        made["value"] = (draw(coordinate(0, width)), draw(coordinate(0, height)), draw(st.sampled_from((1, 2))))
    elif kind == "polyline":
        points = draw(
            st.lists(st.tuples(coordinate(0, width), coordinate(0, height)), min_size=2, max_size=4, unique=True)
        )
        made["value"] = tuple(points)
    elif kind == "caption":
        made["value"] = draw(st.sampled_from(("a cat", "=1+1", "é\n🦊", "null")))
    elif kind != "tag":
        made["value"] = _FREE[kind]
    return Thing(kind, label, **made)


_NAN, _INF = math.nan, math.inf
#: What spoils a thing of a kind, and the codes of which the reader of that part gives one (formats, section 2).
_SPOILT: dict[str, tuple[tuple[dict[str, Any], str], ...]] = {
    "box": (
        ({"bbox": [1, 2, 3]}, "E_BOX_SHAPE"),
        ({"bbox": "1,2,3,4"}, "E_BOX_SHAPE"),
        ({"bbox": {"x": 1}}, "E_BOX_SHAPE"),
        ({"bbox": [1, 2, _NAN, 4]}, "E_NOT_FINITE"),
        ({"bbox": [1, -_INF, 3, 4]}, "E_NOT_FINITE"),
        ({"bbox": [1, "2", 3, 4]}, "E_NUMBER_TYPE"),
        ({"bbox": [1, True, 3, 4]}, "E_NUMBER_TYPE"),
        ({"bbox": [1, None, 3, 4]}, "E_NUMBER_TYPE"),
        ({"bbox": [1, 2, 10**7, 4]}, "E_NUMBER_RANGE"),
        ({"bbox": [1, 2, 3, 10**400]}, "E_NUMBER_RANGE E_NOT_FINITE"),
        ({"bbox": [1, 2, -3, 4]}, "E_BOX_NEGATIVE"),
        ({"bbox": [1, 2, 0, 4]}, "E_BOX_ZERO_AREA"),
        ({"bbox": [1, 2, 0.0009, 4]}, "E_BOX_ZERO_AREA"),
        ({"bbox": [-50, 2, 10, 4]}, "E_OUTSIDE"),
        ({"bbox": [1, 900_000, 10, 4]}, "E_OUTSIDE"),
        ({"category": None}, "E_CLASS_INVALID"),
        ({"category": 7}, "E_CLASS_INVALID"),
        ({"category": " \t"}, "E_CLASS_INVALID"),
        ({"score": _NAN}, "E_NOT_FINITE"),
        ({"score": "high"}, "E_NUMBER_TYPE"),
        ({"iscrowd": 5}, "E_ANNOTATION"),
        ({"bbox": ...}, "E_ANNOTATION"),
        ({"attributes": [1]}, "E_ANNOTATION"),
        ({"attributes": {"a": [_INF]}}, "E_NOT_FINITE"),
        ({"id": True}, "E_ANNOTATION"),
        ({"frame": -1}, "E_ANNOTATION"),
        ({"type": "blob"}, "S_KIND_UNKNOWN"),
        ({"rotation": _NAN}, "E_NOT_FINITE"),
        ({"rotation": "x"}, "E_NUMBER_TYPE"),
        ({"bbox": ..., "obb": [1, 2, 3]}, "E_BOX_SHAPE"),
        ({"bbox": ..., "obb": [0, 0, 9, 0, 3, 9, 0, 2]}, "E_BOX_SHAPE"),
    ),
    "polygon": (
        ({"segmentation": [[1, 1, 5, 1, 5]]}, "E_POLYGON_ODD"),
        ({"segmentation": [[1, 1, 5, 1]]}, "E_POLYGON_POINTS"),
        ({"segmentation": [[1, 1, 3, 1, 5, 1]]}, "E_POLYGON_ZERO_AREA"),
        ({"segmentation": [[1, 1, 5, 1, 5, _NAN]]}, "E_NOT_FINITE"),
        ({"segmentation": [[1, 1, 5, 1, 5, "5"]]}, "E_NUMBER_TYPE"),
        ({"segmentation": [[1, 1, 5, 1, 5, 1e300]]}, "E_NUMBER_RANGE"),
        ({"segmentation": [[1, 1, 5, 1, 5, 5], [1, 1, 1, 1]]}, "E_POLYGON_POINTS"),
        ({"segmentation": [None]}, "E_ANNOTATION"),
        ({"segmentation": [[-9, -9, -5, -9, -5, -5]]}, "E_OUTSIDE"),
        ({"segmentation": [[1, 1, 4, 4, 1, 1, 4, 4]]}, "E_POLYGON_POINTS"),
        ({"segmentation": ..., "polygon": [[1, 1], [5, 1], [5]]}, "E_POLYGON_ODD E_ANNOTATION E_POLYGON_POINTS"),
        ({"segmentation": ..., "polygon": [[1, 1], [5, 1], [5, 5]], "holes": [[6, 6, 7, 6, 7, 7]]}, "E_ANNOTATION"),
    ),
    "mask": (
        ({"segmentation": {"counts": [1]}}, "E_MASK_SIZE E_MASK_ENCODING"),
        ({"segmentation": {"size": [4, 4]}}, "E_MASK_ENCODING"),
        ({"segmentation": {"size": [3, 3], "counts": [0, 9]}}, "E_MASK_SIZE"),
        ({"segmentation": {"size": [60_000, 60_000], "counts": [0, 3_600_000_000]}}, "E_MASK_SIZE"),
        ({"segmentation": {"size": [_NAN, 4], "counts": [1]}}, "E_MASK_SIZE E_NOT_FINITE"),
        ({"segmentation": "rle"}, "E_MASK_ENCODING E_ANNOTATION"),
        ({"segmentation": {"size": [-4, -4], "counts": [16]}}, "E_MASK_SIZE"),
        ({"segmentation": {"size": [True, 4], "counts": [4]}}, "E_MASK_SIZE"),
    ),
    "keypoints": (
        ({"keypoints": [1, 2], "keypoint_names": ...}, "E_KEYPOINT_COUNT"),
        ({"keypoints": [1, 2, 3], "keypoint_names": ["p"]}, "E_KEYPOINT_VISIBILITY"),
        ({"keypoints": [1, 2, 1.5], "keypoint_names": ["p"]}, "E_KEYPOINT_VISIBILITY"),
        ({"keypoints": [1, _NAN, 2], "keypoint_names": ["p"]}, "E_NOT_FINITE"),
        ({"keypoints": [0, 0, 0], "keypoint_names": ["p"]}, "E_KEYPOINT_NONE"),
        ({"keypoints": [-90, 3, 2], "keypoint_names": ["p"]}, "E_OUTSIDE"),
        ({"keypoints": "many", "keypoint_names": ...}, "E_KEYPOINT_COUNT"),
    ),
}
#: Mask counts that are wrong on the picture's own grid.
_BAD_COUNTS = ([1, 2], [0, -1], [10**12], "", "\x00\x01", "zzzzzzzz", [1.5], None, [True], [_NAN])
_MASK_CODES = frozenset({"E_MASK_RUNS", "E_MASK_ENCODING", "E_MASK_EMPTY", "E_MASK_SIZE", "E_NOT_FINITE"})


@st.composite
def broken_things(draw: st.DrawFn, width: int, height: int, label: str) -> Thing:
    """An object with one bad part, and no other part that could stand in for it."""
    kind = draw(st.sampled_from((*_SPOILT, "counts", "none")))
    if kind == "none":
        return Thing(
            "box",
            None,
            instead=draw(st.sampled_from((5, "x", [], True, 0.5, None, [[]]))),
            broken=frozenset({"E_ANNOTATION"}),
        )
    if kind == "counts":
        value = {"size": [height, width], "counts": draw(st.sampled_from(_BAD_COUNTS))}
        return Thing("mask", label, spoilt={"segmentation": value}, broken=_MASK_CODES)
    spoilt, codes = draw(st.sampled_from(_SPOILT[kind]))
    box = (1, 1, 2, 2) if kind == "box" else None
    return Thing(kind, label, box=box, spoilt=spoilt, broken=frozenset(codes.split()))


@st.composite
def half_broken_things(draw: st.DrawFn, width: int, height: int, label: str) -> Thing:
    """A good box beside a region that only its readers find broken."""
    kind = draw(st.sampled_from(("polygon", "mask")))
    spoilt, codes = draw(st.sampled_from(_SPOILT[kind]))
    return Thing(kind, label, box=draw(boxes(width, height)), spoilt=spoilt, broken=frozenset(codes.split()))


_JUNK = (
    b"{",
    b"null",
    b"[1,2]",
    b'{"id": 1',
    b'{"id": true, "data": {"annotations": []}}',
    b'{"data": {"annotations": []}}',
    b'{"id": "j1"}',
    b'{"id": "j2", "data": null}',
    b'{"id": "j3", "data": {"annotations": 5}}',
    b'{"id": "j4", "data": 7}',
    b'{"id": 99999999999999999999999, "data": {"annotations": []}}',
    b'{"id": "j5", "data": {"annotations": [], "x": "\xff"}}',
    b'{"id": "\\ud800", "data": {"annotations": []}}',
    b'{"id": "j6", "data": {"annotations": []}, "split": 5}',
    b'{"id": "j7", "data": {"annotations": []}, "files_manifest": 5}',
    b'{"id": "j8", "data": ' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"id": "j9", "data": {"annotations": []}, "data_unit": {"name": "\\u0000.png", "width": 40, "height": 30}}',
    b'{"id": "j10", "data": {"annotations": []}, "files_manifest": {"image_1": {"bundle_path": "../../etc/passwd"}}}',
    b'{"id": "j11", "data": {"annotations": []}, "files_manifest": {"image_1": {"bundle_path": "files/none.png"}}}',
    b'{"id": "j12", "data": {"annotations": []}, "data_unit": {"name": "x.png", "width": 60000, "height": 60000}}',
    b'{"id": "j13", "data": {"annotations": []}, "data_unit": {"name": "x.png", "width": -1, "height": true}}',
    b"  ",
    b"\xef\xbb\xbf{}",
    b'{"id": "j14", "data": {"annotations": [{"bbox": [NaN, Infinity, 1e999, 1]}]}}',
    b'{"id": "j15", "id": "j16", "data": {"annotations": [{"bbox": [1,1,2,2], "category": "cat"}]}, "x": 1e400}',
)


@st.composite
def pictures(draw: st.DrawFn, identity: int | str, labels: list[str], *, only_whole: bool = False) -> Picture:
    """One record with up to six things."""
    width, height = draw(st.integers(10, 24)), draw(st.integers(10, 18))
    schema: Schema = draw(st.sampled_from(("seed", "seed", "seed", "dm_v1", "dm_v2", "dm_v2_wrapped")))
    kinds = KINDS if schema == "seed" else tuple(DM_TOOLS)
    label = st.sampled_from(labels)
    things: list[Thing] = []
    for place in range(draw(st.integers(0, 5))):
        way = 0 if only_whole or schema != "seed" else draw(st.integers(0, 8))
        made = draw(
            broken_things(width, height, draw(label))
            if way == 8
            else half_broken_things(width, height, draw(label))
            if way == 7
            else whole_things(width, height, draw(label), kinds)
        )
        named = schema != "seed" or draw(st.booleans())
        made = _named(made, f"a{place}" if named and "id" not in made.spoilt else None)
        things.append(made if schema == "seed" else made.bare())
    form, orientation = draw(st.sampled_from(("png", "png", "jpg"))), draw(st.sampled_from((1, 1, 1, 3, 6, 8)))
    stored = (height, width) if form == "jpg" and orientation >= 5 else (width, height)
    has_file = draw(st.integers(0, 4)) > 0
    return Picture(
        identity,
        draw(st.one_of(st.sampled_from(UGLY_NAMES), st.just(f"{identity}.png"), st.just(f"{identity}.png"))),
        width,
        height,
        dm_order(things, schema),
        schema,
        picture_file(*stored, form, orientation) if has_file else None,
        form,
        split=draw(st.sampled_from((None, None, None, "train", "val", "test", "odd"))),
        group=draw(st.sampled_from((None, "g1", "g2"))),
    )


def _named(thing: Thing, identity: str | None) -> Thing:
    return thing if thing.instead is not None else replace(thing, identity=identity)


@st.composite
def scenes(draw: st.DrawFn, *, only_whole: bool = False) -> Scene:
    """A bundle of one to five records, and lines that hold none."""
    pool = st.one_of(st.sampled_from(UGLY_LABELS), st.text(min_size=1, max_size=8).filter(_can_be_a_label))
    labels = draw(st.lists(pool, min_size=1, max_size=4, unique=True))
    identity = st.one_of(
        st.integers(1, 40), st.integers(-3, 2**62), st.sampled_from(("r1", "é", "=9", "a/b", "1", "x" * 90, " "))
    )
    identities = draw(st.lists(identity, min_size=1, max_size=4, unique_by=lambda value: (type(value), value)))
    found = tuple(draw(pictures(one, labels, only_whole=only_whole)) for one in identities)
    junk = () if only_whole else tuple(draw(st.lists(st.sampled_from(_JUNK), max_size=2, unique=True)))
    return Scene(found, junk)


@st.composite
def tagged_scenes(draw: st.DrawFn) -> Scene:
    """A bundle in which nearly every picture has a file and one tag, as folders of classes want it."""
    scene = draw(scenes())
    labels = sorted({thing.label for picture in scene.pictures for thing in picture.things if thing.label} | {"cat"})
    tagged = []
    for picture in scene.pictures:
        others = tuple(thing for thing in picture.things if thing.kind != "tag" or draw(st.integers(0, 3)) == 0)
        things = (*others, Thing("tag", draw(st.sampled_from(labels)), identity="tag"))
        file = picture.file or picture_file(picture.width, picture.height, "png", 1)
        suffix = picture.suffix if picture.file else "png"
        split = draw(st.sampled_from(("train", "train", "val")))
        tagged.append(replace(picture, things=dm_order(things, picture.schema), file=file, suffix=suffix, split=split))
    return Scene(tuple(tagged), scene.junk)


def _can_be_a_label(text: str) -> bool:
    return bool(text.strip()) and not any("\ud800" <= letter <= "\udfff" for letter in text)


__all__ = ["KINDS", "UGLY_LABELS", "UGLY_NAMES", "corners", "pictures", "scenes", "tagged_scenes", "whole_things"]
