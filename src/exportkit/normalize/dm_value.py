"""Values of the kinds that are kept as the payload gave them, in the form of DM V2 (wire, section 22)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from exportkit.errors import AnnotationFault
from exportkit.normalize.fields import judge_numbers
from exportkit.records.numbers import quoted

__all__ = ["group_members", "pass_through", "v1_value"]

_PROMPT_KEYS = ("input", "model", "displayName", "generatedBy", "timestamp")
_ANSWER_KEYS = ("output", "model", "displayName", "generatedBy", "promptAnnotationId", "timestamp")
_CUBOID_KEYS = ("position", "scale", "rotation")

Source = Mapping[str, Any]


def v1_value(kind: str, source: Source) -> Any:
    """The V2 value of a DM V1 data record of one kind, or None where the record holds none of its keys."""
    value = _V1[kind](source)
    return source.get("data") if value is None else value


def _section(source: Source) -> Any:
    return source.get("section")


def _time_range(source: Source) -> Any:
    section = source.get("section")
    if not isinstance(section, dict):
        return section
    return _picked({**section, **_picked(source, ("excludedTracks",))}, (*section, "excludedTracks"))


def _picked(source: Source, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: source[key] for key in keys if key in source}


def _when(needed: str, *keys: str) -> Callable[[Source], Any]:
    return lambda source: _picked(source, keys) if source.get(needed) is not None else None


def _relation(source: Source) -> Any:
    for pair in (("annotationId", "targetAnnotationId"), ("from", "to")):
        if any(key in source for key in pair):
            return [source.get(key) for key in pair]
    return None


def _cuboid(source: Source) -> Any:
    psr = source.get("psr")
    return psr if psr is not None else _picked(source, _CUBOID_KEYS) or None


def group_members(source: Source) -> Any:
    """Ids of a group's members in either shape of wire, section 20; nested children count as members."""
    if "annotationList" not in source:
        return next((source[key] for key in ("annotationIds", "members") if key in source), None)
    found: list[Any] = []
    waiting = [source["annotationList"]]
    while waiting:
        entries = waiting.pop()
        if not isinstance(entries, list):
            return entries
        for entry in entries:
            member = entry.get("annotationId") if isinstance(entry, dict) else entry
            found.append(member)
            if isinstance(entry, dict) and entry.get("children"):
                waiting.append(entry["children"])
    return found


_V1: dict[str, Callable[[Source], Any]] = {
    "cuboid": _cuboid,
    "point_set": _when("points", "points"),
    "text_range": _when("ranges", "ranges", "content"),
    "video_range": _section,
    "audio_range": _section,
    "time_range": _time_range,
    "prompt": _when("input", *_PROMPT_KEYS),
    "answer": _when("output", *_ANSWER_KEYS),
    "relation": _relation,
    "group": group_members,
}


def pass_through(kind: str, value: Any) -> Any:
    """Judge a V2 value: present, of the right outer form, its numbers finite. Units are never rescaled.

    Relations and groups become tuples of ids. Raises AnnotationFault.
    """
    if value is None:
        raise AnnotationFault("E_ANNOTATION", f"A {kind} needs its value, and none is given.")
    if kind in {"relation", "group"}:
        return _ids(kind, value)
    if not isinstance(value, dict) or (
        kind == "cuboid" and not all(isinstance(value.get(k), dict) for k in _CUBOID_KEYS)
    ):
        raise AnnotationFault("E_ANNOTATION", f"{quoted(value)} is no value of a {kind}.")
    if kind == "cuboid":
        _judge_cuboid(value)
    if kind == "point_set":
        _judge_indices(value.get("points"))
    judge_numbers(value, "")
    return value


def _ids(kind: str, value: Any) -> tuple[int | str, ...]:
    valid = isinstance(value, list) and all(isinstance(v, (int, str)) and not isinstance(v, bool) for v in value)
    if not valid or not value or (kind == "relation" and len(value) != 2):
        wanted = "two ids" if kind == "relation" else "a list of ids"
        raise AnnotationFault("E_REFERENCE", f"A {kind} needs {wanted}, not {quoted(value)}.")
    return tuple(value)


def _judge_cuboid(value: Mapping[str, Any]) -> None:
    for part in _CUBOID_KEYS:
        for key, number in value[part].items():
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                raise AnnotationFault("E_NUMBER_TYPE", f"{quoted(number)} is not a number.", f".{part}.{key}")


def _judge_indices(points: Any) -> None:
    if not isinstance(points, list):
        raise AnnotationFault("E_ANNOTATION", f"A point set needs a list of indices, not {quoted(points)}.", ".points")
    if not all(type(point) is int and point >= 0 for point in points):
        raise AnnotationFault("E_NUMBER_TYPE", "The indices of a point set must be ints of at least 0.", ".points")
