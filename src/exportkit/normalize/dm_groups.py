"""Groups of the DM schemas: group annotations, and key points of one group as one object (formats, section 1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.normalize.dm_value import group_members
from exportkit.normalize.options import InputOptions
from exportkit.normalize.rejection import rejected
from exportkit.records import Annotation, Rejected
from exportkit.records.keypoints import Keypoints, Point
from exportkit.records.numbers import quoted
from exportkit.records.skeleton import PERSON_17, Skeleton

__all__ = ["Group", "apply_groups", "read_groups"]

_Identity = int | str


class Group(msgspec.Struct, frozen=True):
    """One group of one medium; ``fault`` is what is wrong with its definition, in words."""

    id: Any
    path: str
    members: tuple[_Identity, ...] = ()
    label: str | None = None
    fault: str | None = None
    #: Indices of the members, for a group that only its members name.
    positions: tuple[int, ...] = ()


def read_groups(entries: object, path: str) -> list[Group]:
    """Read ``annotationGroups`` of one medium, in both shapes of wire, section 20."""
    if not isinstance(entries, list):
        return [] if entries is None else [Group(None, path, fault=f"{quoted(entries)} is no list of groups")]
    groups: list[Group] = []
    seen: set[_Identity] = set()
    for position, entry in enumerate(entries):
        group = _read_group(entry, f"{path}[{position}]")
        if group.fault is None and group.id in seen:
            group = msgspec.structs.replace(group, fault=f"the group id {quoted(group.id)} occurs twice")
        if group.fault is None:
            seen.add(group.id)
        groups.append(group)
    return groups


def _read_group(entry: object, path: str) -> Group:
    if not isinstance(entry, dict):
        return Group(None, path, fault=f"{quoted(entry)} is no group")
    members = group_members(entry)
    usable = tuple(m for m in members if _is_id(m)) if isinstance(members, list) else ()
    fault = None
    identity = entry.get("id")
    if not _is_id(identity):
        identity = None
        fault = "the group has no id"
    elif not usable or len(usable) < len(members):
        fault = "the group has no members, or one that is no id"
    elif len(set(usable)) < len(usable):
        fault = "a member of the group is named twice"
    named = entry.get("classification", entry.get("class"))
    label = named.get("class") if isinstance(named, dict) else named
    return Group(identity, path, usable, label if isinstance(label, str) and label.strip() else None, fault)


def _is_id(value: object) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool) and value != ""


def apply_groups(
    annotations: Sequence[Annotation],
    groups: Iterable[Group],
    known: Mapping[Any, int],
    following: int,
    options: InputOptions,
) -> tuple[list[Annotation], list[Rejected]]:
    """Make groups into annotations, and the key points of a group into one ``keypoints`` object.

    ``known`` holds the ids of all source annotations of the medium, also of those that failed; groups are
    numbered from ``following`` on. The result is in source order. A wrong group costs its key points
    (``E_KEYPOINT_GROUP``, or ``E_KEYPOINT_COUNT`` for a point that the skeleton does not have) or, without any,
    itself.
    """
    index_of = {annotation.id: annotation.index for annotation in annotations if annotation.id is not None}
    groups = list(groups)
    skeleton = _skeleton(groups, annotations, options)
    result = {annotation.index: annotation for annotation in annotations}
    failed: list[Rejected] = []
    made: Sequence[Annotation | Rejected]
    for number, group in enumerate(groups):
        indices = [index_of[member] for member in dict.fromkeys(group.members) if member in index_of]
        members = [result[index] for index in (*indices, *group.positions) if index in result]
        if group.fault is None:
            members = [msgspec.structs.replace(member, group_id=group.id) for member in members]
            result.update((member.index, member) for member in members)
        points = [member for member in members if member.kind == "point"]
        fault = _group_fault(group, members, points, known)
        refusal = _refusal(fault, points, skeleton)
        if not points:
            made = _plain_group(group, following + number, fault)
        elif refusal is not None:
            made = [_refused(point, refusal) for point in points]
            for point in points:
                del result[point.index]
        else:
            box = next((member for member in members if member.kind == "box"), None)
            consumed = points if box is None else [*points, box]
            for member in consumed:
                del result[member.index]
            made = [_object(group, min(consumed, key=lambda member: member.index), points, box, skeleton)]
        result.update((entry.index, entry) for entry in made if isinstance(entry, Annotation))
        failed.extend(entry for entry in made if isinstance(entry, Rejected))
    return [result[index] for index in sorted(result)], failed


def _plain_group(group: Group, index: int, fault: str | None) -> Sequence[Annotation | Rejected]:
    """The annotation of a group without key points, or why there is none."""
    if fault is None:
        return [Annotation(index, "group", group.label, geometry=group.members, id=group.id, path=group.path)]
    code = "E_KEYPOINT_GROUP" if group.fault else "E_REFERENCE"
    source = {"id": group.id, "label": group.label}
    return [rejected(index, source, AnnotationFault(code, f"The group is wrong: {fault}."), group.path)]


def _skeleton(groups: Iterable[Group], annotations: Iterable[Annotation], options: InputOptions) -> Skeleton:
    if options.skeleton is not None:
        return options.skeleton
    grouped = {member for group in groups for member in group.members}
    positions = {position for group in groups for position in group.positions}
    points = (a for a in annotations if a.kind == "point" and (a.id in grouped or a.index in positions))
    return Skeleton.of_observed({point.label or "" for point in points})


def _group_fault(
    group: Group,
    members: Sequence[Annotation],
    points: Sequence[Annotation],
    known: Mapping[Any, int],
) -> str | None:
    if group.fault is not None:
        return group.fault
    unknown = next((member for member in group.members if member not in known), None)
    if unknown is not None:
        return f"it names {quoted(unknown)}, which its medium does not have"
    if not points:
        return None
    names = [point.label for point in points]
    if len(set(names)) < len(names):
        return "a point name occurs twice in it"
    if len(members) < len(group.members) + len(group.positions):
        return "one of its members cannot be read"
    return None


def _refusal(fault: str | None, points: Sequence[Annotation], skeleton: Skeleton) -> AnnotationFault | None:
    """Why no object can be made of ``points``: their group is wrong, or the skeleton lacks one of them."""
    if fault is not None:
        return AnnotationFault("E_KEYPOINT_GROUP", f"The group of this key point is wrong: {fault}.")
    alien = next((point.label for point in points if point.label not in skeleton.points), None)
    if alien is None:
        return None
    return AnnotationFault("E_KEYPOINT_COUNT", f"The skeleton has no point {quoted(alien)}; name one that it has.")


def _refused(point: Annotation, reason: AnnotationFault) -> Rejected:
    return rejected(point.index, {"id": point.id, "label": point.label}, reason, point.json_path)


def _object(
    group: Group, first: Annotation, points: Sequence[Annotation], box: Annotation | None, skeleton: Skeleton
) -> Annotation:
    attributes = dict(box.attributes or {}) if box is not None else {}
    of_points = {point.label: point.attributes for point in points if point.attributes}
    if of_points:
        attributes["points"] = of_points
    return Annotation(
        index=first.index,
        kind="keypoints",
        label=(box.label if box is not None else None)
        or group.label
        or ("person" if skeleton.points == PERSON_17.points else "object"),
        box=box.box if box is not None else None,
        geometry=_joined(points, skeleton),
        id=group.id,
        group_id=group.id,
        attributes=attributes or None,
        weight=len(points) + (box is not None),
        path=first.path,
    )


def _joined(points: Sequence[Annotation], skeleton: Skeleton) -> Keypoints | AnnotationFault:
    by_name: dict[str | None, Any] = {}
    for point in points:
        if isinstance(point.geometry, AnnotationFault):
            return point.geometry
        by_name[point.label] = point.geometry
    missing = Point(0, 0, 0)
    found = [by_name.get(name, missing) for name in skeleton.points]
    return Keypoints(tuple((point.x, point.y, point.v) for point in found), skeleton.name, skeleton.points)
