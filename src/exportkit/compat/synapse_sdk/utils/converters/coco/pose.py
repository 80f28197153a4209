"""Key points of a group as one person of COCO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exportkit.compat.synapse_sdk.utils.converters.coco.account import Account
from exportkit.compat.synapse_sdk.utils.converters.coco.run_lengths import enclosing_box
from exportkit.compat.synapse_sdk.utils.converters.geometry import by_id, finite_numbers
from exportkit.records import PERSON_17

__all__ = ["convert_poses"]

_ROLE = "person_keypoints"


def convert_poses(annotations: object, account: Account) -> None:
    """Put a record into ``account`` for each group that is a person; the others are audited."""
    try:
        rows = by_id(annotations)
    except ValueError as error:
        account.fail(None, "KEYPOINT_GROUP_INVALID", str(error), _ROLE)
        return
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for annotation in rows:
        if (source_id := account.claim(annotation, _ROLE)) is None:
            continue
        group_id = annotation.get("group_id")
        if isinstance(group_id, str) and group_id:
            groups.setdefault(group_id, []).append(annotation)
        else:
            account.skip(source_id, "keypoint", "KEYPOINT_GROUP_INVALID", _ROLE)
    for group_id, points in sorted(groups.items()):
        try:
            account.records[_ROLE].append((group_id, PERSON_17.name, _pose(points)))
        except ValueError:
            account.skip(group_id, "keypoint", "KEYPOINT_GROUP_INVALID", _ROLE)


def _pose(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The fields of an annotation. Raises ValueError: a joint twice or unknown, no labelled joint, no area."""
    names = [point.get("classification") for point in points]
    if len(set(names)) < len(names) or not set(names) <= set(PERSON_17.points):
        raise ValueError("The joints of a person are those of COCO, each once.")
    by_name = dict(zip(names, points, strict=True))
    vector: list[float] = []
    labelled: list[tuple[float, float]] = []
    for name in PERSON_17.points:
        visibility = by_name[name].get("visibility") if name in by_name else 0
        if type(visibility) is not int or not 0 <= visibility <= 2:
            raise ValueError("A joint needs a visibility of 0, 1 or 2.")
        if visibility == 0:
            vector += (0.0, 0.0, 0)
            continue
        x, y = finite_numbers(by_name[name].get("data"), 2, "A joint")
        vector += (x, y, visibility)
        labelled.append((x, y))
    if not labelled:
        raise ValueError("A person needs a labelled joint.")
    bbox = enclosing_box(labelled)
    if (area := bbox[2] * bbox[3]) <= 0:
        raise ValueError("The joints of a person must span an area.")
    return {
        "bbox": bbox,
        "segmentation": None,
        "area": area,
        "iscrowd": 0,
        "keypoints": vector,
        "num_keypoints": len(labelled),
    }
