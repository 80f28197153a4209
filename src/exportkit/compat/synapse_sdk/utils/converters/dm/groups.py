"""Which group an annotation belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["group_of_annotation"]


def group_of_annotation(groups: object, annotation_ids: set[str]) -> dict[str, str]:
    """The id of the group of each annotation of a medium that is in one (wire contract, section 20).

    Members stand under ``annotationIds``, or as a tree under ``annotationList``. Raises ValueError: a group without
    an id, an id or a member twice, a member that the medium has not.
    """
    if groups in (None, {}):
        return {}
    if not isinstance(groups, list) or not all(isinstance(group, Mapping) for group in groups):
        raise _invalid("the groups of a medium must be a list of objects")
    found: dict[str, str] = {}
    seen: set[str] = set()
    for group in groups:
        group_id = group.get("id")
        if not isinstance(group_id, str) or not group_id or group_id in seen:
            raise _invalid(f"{group_id!r} cannot be the id of a group; it must be a text, and there once")
        seen.add(group_id)
        for member in _members(group):
            if not isinstance(member, str) or member not in annotation_ids:
                raise _invalid(f"the annotation {member!r} of the group {group_id!r} is not in its medium")
            if member in found:
                raise _invalid(f"the annotation {member!r} belongs to more than one group, or to one twice")
            found[member] = group_id
    return found


def _members(group: Mapping[str, Any]) -> Iterator[object]:
    if "annotationIds" in group:
        members = group["annotationIds"]
        if not isinstance(members, list):
            raise _invalid("annotationIds must be a list")
        yield from members
        return
    if not isinstance(group.get("annotationList"), list):
        raise _invalid("a group needs annotationIds")
    waiting = list(group["annotationList"])
    while waiting:
        node = waiting.pop(0)
        if not isinstance(node, Mapping):
            raise _invalid("a member of annotationList must be an object")
        yield node.get("annotationId")
        waiting[:0] = node.get("children") or []


def _invalid(why: str) -> ValueError:
    return ValueError(f"KEYPOINT_GROUP_INVALID: {why}.")
