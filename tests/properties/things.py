"""What hypothesis draws: objects and pictures as the annotator meant them, and as bundles write them down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.properties.drawn import Part, Pixels, Point, column_counts, row_runs

Schema = Literal["seed", "dm_v1", "dm_v2", "dm_v2_wrapped"]
Numbers = tuple[float, ...]

#: Kinds of which DM has a tool, for pictures.
DM_TOOLS = {
    "box": "bounding_box",
    "rotated_box": "bounding_box",
    "polygon": "polygon",
    "mask": "segmentation",
    "polyline": "polyline",
    "tag": "classification",
    "point": "keypoint",
}
#: The flags and values that only the seed schema holds.
FLAGS = ("iscrowd", "difficult", "truncated", "occluded")
VALUES = ("score", "group_id", "track_id", "frame")


@dataclass(frozen=True)
class Thing:
    """One object, with nothing in it that is broken unless ``broken`` has codes."""

    kind: str
    label: str | None
    identity: int | str | None = None
    #: Declared ``x, y, width, height``; of a rotated box the unturned one.
    box: Numbers | None = None
    theta: float = 0.0
    parts: tuple[Part, ...] = ()
    pixels: Pixels = frozenset()
    points: tuple[tuple[float, float, int], ...] = ()
    names: tuple[str, ...] = ()
    value: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    #: What replaces keys of the seed's annotation, and the codes of which a reader of that part gives one.
    spoilt: Mapping[str, Any] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    #: The whole annotation where it is no object.
    instead: Any = None

    @property
    def is_crowd(self) -> bool:
        return bool(self.fields.get("iscrowd"))

    @property
    def rings(self) -> list[Sequence[Point]]:
        """All rings of all parts."""
        return [ring for outer, holes in self.parts for ring in (outer, *holes)]

    def seed(self, width: int, height: int) -> Any:
        """The annotation in the seed's schema, in a picture of this size."""
        if self.instead is not None:
            return self.instead
        made: dict[str, Any] = {}
        if self.identity is not None:
            made["id"] = self.identity
        if self.label is not None:
            made["category"] = self.label
        made.update(self._geometry(width, height))
        made.update(self.fields)
        if self.attributes:
            made["attributes"] = dict(self.attributes)
        made.update(self.spoilt)
        return {key: value for key, value in made.items() if value is not ...}

    def _geometry(self, width: int, height: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self.box is not None:
            made["bbox"] = list(self.box)
        if self.kind == "rotated_box":
            made["rotation"] = self.theta
        if self.parts:
            if any(holes for _, holes in self.parts):
                made["polygons"] = [_flat(outer) for outer, _ in self.parts]
                made["holes"] = [_flat(hole) for _, holes in self.parts for hole in holes]
            else:
                made["segmentation"] = [_flat(outer) for outer, _ in self.parts]
        if self.pixels:
            made["segmentation"] = {"size": [height, width], "counts": column_counts(self.pixels, width, height)}
        if self.points:
            made["keypoints"] = [number for point in self.points for number in point]
            made["keypoint_names"] = list(self.names)
        if self.kind in {"polyline", "point", "tag"}:
            made["type"] = self.kind
        if self.kind == "polyline":
            made["points"] = [list(point) for point in self.value]
        elif self.kind == "point":
            made["point"] = list(self.value)
        elif self.kind == "caption":
            made["caption"] = self.value
        elif self.value is not None:
            made["type"] = self.kind
            made.update(self.value)
        return made

    def dm(self, width: int) -> tuple[str, Any, dict[str, Any]]:
        """Tool, V2 data, and what stands beside them in DM V2."""
        tool = DM_TOOLS[self.kind]
        if self.kind == "mask":
            beside = {"encoding": "dm_rle", "isCompressed": True, "compressionFormat": "rle"}
            return tool, row_runs(self.pixels, width), beside
        if self.kind == "polygon":
            return tool, [list(point) for point in self.parts[0][0]], {}
        if self.kind == "polyline":
            return tool, [list(point) for point in self.value], {}
        if self.kind == "point":
            return tool, list(self.value[:2]), {"visibility": self.value[2]}
        return tool, {} if self.box is None else list(self.box), {}

    def bare(self) -> Thing:
        """The thing without what DM has no place for."""
        return replace(
            self,
            fields={},
            box=self.box if self.kind in {"box", "rotated_box"} else None,
            parts=tuple((outer, ()) for outer, _ in self.parts[:1]),
        )

    @property
    def fits_dm(self) -> bool:
        return self.kind in DM_TOOLS and not self.broken and not self.spoilt and self.instead is None


@dataclass(frozen=True)
class Picture:
    """One record: a picture and its things."""

    identity: int | str
    name: str
    width: int
    height: int
    things: tuple[Thing, ...]
    schema: Schema = "seed"
    #: Bytes of the file; without them the record has a declared size only.
    file: bytes | None = None
    suffix: str = "png"
    split: str | None = None
    group: str | None = None
    #: Keys of the line that are replaced (``...`` leaves one out).
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Path of the file in the bundle."""
        return f"files/{abs(hash(str(self.identity))) % 10**12}/picture.{self.suffix}"

    def line(self) -> bytes:
        """The line of the bundle."""
        entry: dict[str, Any] = {"file_name_original": self.name, "is_primary": True}
        if self.file is not None:
            entry["bundle_path"] = self.place
        line: dict[str, Any] = {
            "id": self.identity,
            "data": self._data(),
            "files_manifest": {"image_1": entry},
            "data_unit": {"id": 1, "name": self.name, "width": self.width, "height": self.height},
        }
        if self.split is not None:
            line["split"] = self.split
        if self.group is not None:
            line["site"] = self.group
        line.update(self.more)
        return json.dumps({key: value for key, value in line.items() if value is not ...}).encode()

    def _data(self) -> dict[str, Any]:
        if self.schema == "seed":
            return {"annotations": [thing.seed(self.width, self.height) for thing in self.things]}
        if self.schema == "dm_v1":
            return _dm_v1(self.things, self.width, self.height)
        payload = _dm_v2(self.things, self.width)
        if self.schema == "dm_v2":
            return {**payload, "extra": {"image_1": {"width": self.width, "height": self.height}}}
        meta = {"extra": {"image_1": {"width": self.width, "height": self.height}}}
        return {"annotation_data": payload, "annotation_meta": meta}


def _flat(ring: Sequence[Point]) -> list[float]:
    return [number for point in ring for number in point]


def _dm_v1(things: Sequence[Thing], width: int, height: int) -> dict[str, Any]:
    heads, data = [], []
    for thing in things:
        tool, value, _ = thing.dm(width)
        classification = {"class": thing.label, **thing.attributes}
        body: dict[str, Any] = {"id": thing.identity}
        if tool == "bounding_box":
            body["coordinate"] = dict(zip(("x", "y", "width", "height"), value, strict=True))
            if thing.kind == "rotated_box":
                body["coordinate"]["rotation"] = thing.theta
        elif tool == "segmentation":
            body |= {"pixel_indices": value, "isCompressed": True, "compressionFormat": "rle"}
        elif tool == "keypoint":
            body["coordinate"] = {"x": value[0], "y": value[1]}
            classification["visibility"] = thing.value[2]
        elif tool != "classification":
            body["coordinate"] = [{"x": x, "y": y} for x, y in value]
        heads.append({"id": thing.identity, "tool": tool, "classification": classification})
        data.append(body)
    return {
        "extra": {"image_1": {"width": width, "height": height}},
        "annotations": {"image_1": heads},
        "annotationsData": {"image_1": data},
    }


def _dm_v2(things: Sequence[Thing], width: int) -> dict[str, Any]:
    by_tool: dict[str, list[dict[str, Any]]] = {}
    for thing in things:
        tool, value, beside = thing.dm(width)
        attrs = [{"name": key, "value": value} for key, value in thing.attributes.items()]
        if thing.kind == "rotated_box":
            attrs.insert(0, {"name": "rotation", "value": thing.theta})
        by_tool.setdefault(tool, []).append(
            {"id": thing.identity, "classification": thing.label, "attrs": attrs, "data": value, **beside}
        )
    return {"classification": {}, "images": [by_tool]}


def dm_order(things: Sequence[Thing], schema: Schema) -> tuple[Thing, ...]:
    """The things in the order in which a payload of this schema gives them."""
    if schema in {"seed", "dm_v1"}:
        return tuple(things)
    tools = list(dict.fromkeys(DM_TOOLS[thing.kind] for thing in things))
    return tuple(sorted(things, key=lambda thing: tools.index(DM_TOOLS[thing.kind])))


@dataclass(frozen=True)
class Scene:
    """A whole bundle: pictures, and lines that are none."""

    pictures: tuple[Picture, ...]
    junk: tuple[bytes, ...] = ()

    def lines(self) -> list[bytes]:
        return [*(picture.line() for picture in self.pictures), *self.junk]

    def files(self) -> dict[str, bytes]:
        return {picture.place: picture.file for picture in self.pictures if picture.file is not None}
