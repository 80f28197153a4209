"""One annotation of the seed schema: its kind, its class and its geometry (formats, section 1.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.normalize.dm_value import pass_through, v1_value
from exportkit.normalize.drift import SEED_KEYS
from exportkit.normalize.fields import common_fields, judge_numbers, seed_label
from exportkit.normalize.kinds import KIND_BY_WORD, PASS_THROUGH
from exportkit.normalize.options import InputOptions
from exportkit.normalize.seed_geometry import (
    GEOMETRY_KEYS,
    read_box,
    read_keypoints,
    read_point,
    read_polyline,
    read_region,
    read_rotated_box,
)
from exportkit.records import LABELLED_KINDS, Annotation
from exportkit.records.box import Box
from exportkit.records.numbers import quoted
from exportkit.wire.json_path import below

__all__ = ["DEFAULT_CLASS", "read_annotation"]

#: Class of a seed annotation that names none (wire, section 23).
DEFAULT_CLASS = "default"
_WORD_KEYS = ("type", "kind", "tool")

Source = Mapping[str, Any]
Parts = tuple[str, dict[str, Any]]


def read_annotation(index: int, source: object, options: InputOptions) -> Annotation:
    """Read one entry of ``annotations``; ``index`` is its position.

    Raises AnnotationFault where the annotation fails for every writer, AnnotationSkip for an unknown kind.
    Geometry that only some writers read stays in the annotation as a fault.
    """
    if not isinstance(source, dict):
        raise AnnotationFault("E_ANNOTATION", f"An annotation must be an object, not {quoted(source)}.")
    for key, value in source.items():
        if key not in SEED_KEYS:
            judge_numbers(value, below("", key))
    kind, geometry = _declared(source, options) or _detected(source, options)
    label = seed_label(source)
    notices: tuple[str, ...] = ()
    if label is None and kind in LABELLED_KINDS:
        label, notices = DEFAULT_CLASS, ("N_CLASS_DEFAULT",)
    return Annotation(index=index, kind=kind, label=label, notices=notices, **geometry, **common_fields(source))


def _declared(source: Source, options: InputOptions) -> Parts | None:
    """Kind and geometry where ``type``, ``kind`` or ``tool`` says what the annotation is."""
    word = next((source[key] for key in _WORD_KEYS if source.get(key) is not None), None)
    if word is None:
        return None
    kind = KIND_BY_WORD.get(word) if isinstance(word, str) else None
    if kind is None:
        raise AnnotationSkip("S_KIND_UNKNOWN", f"{quoted(word)} names no known kind of annotation.")
    if kind == "point" and isinstance(source.get("keypoints"), list) and len(source["keypoints"]) > 1:
        kind = "keypoints"
    if kind in PASS_THROUGH or kind in _FREE_KINDS:
        return kind, {"geometry": pass_through(kind, v1_value(kind, source))}
    parts = _READERS[kind](source, options)
    if parts is None:
        raise AnnotationFault("E_ANNOTATION", f"A {kind} needs its geometry, and none is given.")
    return parts


def _detected(source: Source, options: InputOptions) -> Parts:
    """Kind and geometry by the first geometry that is there."""
    for kind in ("keypoints", "polygon", "rotated_box", "box", "polyline", "caption"):
        parts = _READERS[kind](source, options)
        if parts is not None:
            return parts
    if seed_label(source) is None or any(key in source for key in GEOMETRY_KEYS):
        raise AnnotationFault(
            "E_ANNOTATION", "The annotation has no geometry; give it a bbox, a segmentation or keypoints."
        )
    return "tag", {}


def _keypoints(source: Source, options: InputOptions) -> Parts | None:
    if source.get("keypoints") is None:
        return None
    region = read_region({key: value for key, value in source.items() if key != "points"})
    return "keypoints", {
        "geometry": read_keypoints(source, options),
        "box": read_box(source),
        "region": region[1] if region is not None else None,
    }


def _region(source: Source, _options: InputOptions) -> Parts | None:
    region = read_region(source)
    return None if region is None else (region[0], {"region": region[1], "box": read_box(source)})


def _rotated_box(source: Source, options: InputOptions) -> Parts | None:
    made = read_rotated_box(source, options)
    if made is None:
        return None
    return ("box", {"box": made}) if isinstance(made, Box) else ("rotated_box", {"geometry": made})


def _box(source: Source, options: InputOptions) -> Parts | None:
    box = read_box(source)
    return _rotated_box(source, options) or (None if box is None else ("box", {"box": box}))


def _point(source: Source, _options: InputOptions) -> Parts | None:
    return "point", {"geometry": read_point(source)}


def _polyline(source: Source, _options: InputOptions) -> Parts | None:
    said = any(source.get(key) is not None for key in _WORD_KEYS)
    line = read_polyline(source if said else {key: source[key] for key in ("polyline",) if key in source})
    return None if line is None else ("polyline", {"geometry": line})


def _tag(_source: Source, _options: InputOptions) -> Parts | None:
    return "tag", {}


def _caption(source: Source, _options: InputOptions) -> Parts | None:
    text = source.get("caption")
    if text is None:
        return None
    if not isinstance(text, str) or not text:
        raise AnnotationFault("E_ANNOTATION", f"A caption must be a text, not {quoted(text)}.", ".caption")
    return "caption", {"geometry": text}


_FREE_KINDS = frozenset({"cuboid", "point_set", "relation", "group"})
_READERS: dict[str, Callable[[Source, InputOptions], Parts | None]] = {
    "keypoints": _keypoints,
    "polygon": _region,
    "mask": _region,
    "rotated_box": _rotated_box,
    "box": _box,
    "point": _point,
    "polyline": _polyline,
    "caption": _caption,
    "tag": _tag,
}
