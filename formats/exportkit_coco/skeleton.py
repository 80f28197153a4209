"""A COCO file without its entries: what stands around ``images`` and ``annotations``, and the categories."""

from __future__ import annotations

from collections.abc import Iterator
from json import loads
from pathlib import Path
from typing import Any

import msgspec

from exportkit_coco.rules import Report

__all__ = ["Categories", "judge_skeleton", "skeleton_around"]

#: ``info`` and ``licenses`` before, and categories after the entries, fit into this many bytes.
_LIMIT = 64 << 20
_HEAD = 1 << 16


class Categories(msgspec.Struct, frozen=True):
    """Ids that annotations may name, and how many key points objects of each have, where it tells."""

    ids: frozenset[int]
    points: dict[int, int] = {}


def skeleton_around(file: Path, images: tuple[int, int], annotations: tuple[int, int], report: Report) -> bytes | None:
    """The file with both lists emptied, where the (bytes, count) of the fragments between its commas are known.

    Only head and tail are read. What is left is valid JSON exactly if the fragments stand where they belong.
    """
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
        kept = b""
        at = 0
        for key, (length, count) in ((b'"images":[', images), (b'"annotations":[', annotations)):
            begin = head.find(key)
            if begin < 0:
                report("C_COCO_JSON", "error", f"the list {key[1:-3].decode()} is missing where it should begin")
                return None
            kept += head[: begin + len(key)]
            at += begin + len(key) + length + max(count - 1, 0)
            stream.seek(at)
            head = stream.read(_HEAD)
        stream.seek(at)
        return kept + stream.read(_LIMIT)


def judge_skeleton(data: bytes, report: Report, *, keypoints: bool = False) -> Categories | None:
    """Judge what stands around the entries (rules 11 and 14); None where there are no categories to refer to.

    With ``keypoints`` each category has to have points (rules 23 and 24).
    """
    if not data.isascii():
        report("C_COCO_JSON", "error", "the file holds characters beyond ASCII; readers open it with any locale")
    try:
        document = loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        report("C_COCO_JSON", "error", f"no strict JSON: {error}")
        return None
    if not isinstance(document, dict):
        report("C_COCO_JSON", "error", "the file is no object")
        return None
    for key in ("images", "annotations", "categories"):
        if not isinstance(document.get(key), list):
            report("C_COCO_JSON", "error", f"the list {key} is missing")
    categories = document.get("categories")
    if not isinstance(categories, list):
        return None
    # Classes without key points are left out there, and the others keep their ids.
    found = _judge_categories(categories, report, gaps=keypoints)
    return Categories(found.ids, dict(_judge_points(categories, report))) if keypoints else found


def _judge_points(categories: list[Any], report: Report) -> Iterator[tuple[int, int]]:
    """Id and number of points of each category that tells it; one with an empty list of names tells none, and without
    names nobody knows what its edges join.
    """
    for category in categories:
        entry = category if isinstance(category, dict) else {}
        shown, points, edges = ascii(entry.get("name"))[:120], entry.get("keypoints"), entry.get("skeleton")
        if not isinstance(points, list) or not all(isinstance(point, str) for point in points):
            report("C_COCO_KPT", "error", f"the category {shown} has no list of point names under keypoints")
            continue
        if not isinstance(edges, list) or not all(_is_edge(edge, len(points)) for edge in edges if points):
            text = f"skeleton of the category {shown} is no list of pairs of its {len(points)} points, counted from 1"
            report("C_COCO_KPT", "error", text)
        if points and type(entry.get("id")) is int:
            yield entry["id"], len(points)


def _is_edge(edge: Any, points: int) -> bool:
    return (
        isinstance(edge, list) and len(edge) == 2 and all(type(point) is int and 1 <= point <= points for point in edge)
    )


def _refuse(literal: str) -> float:
    raise ValueError(f"{literal} is no JSON")


def _judge_categories(categories: list[Any], report: Report, *, gaps: bool) -> Categories:
    entries = [entry for entry in categories if isinstance(entry, dict)]
    names = [entry.get("name") for entry in entries]
    ids = [entry.get("id") for entry in entries]
    if len(entries) != len(categories) or not all(isinstance(name, str) for name in names):
        report("C_COCO_CATEGORY", "error", "a category has no name that is text")
    elif len(set(names)) != len(names):
        report("C_COCO_CATEGORY", "error", "two categories have the same name")
    numbers = [number for number in ids if type(number) is int]
    if len(numbers) != len(ids) or len(set(numbers)) != len(numbers):
        report("C_COCO_ID", "error", "category ids are not distinct whole numbers")
    elif min(numbers, default=1) < 1 or (not gaps and max(numbers, default=0) != len(numbers)):
        report("C_COCO_CATEGORY", "warn", "category ids are not 1 to n without gaps")
    return Categories(frozenset(numbers))
