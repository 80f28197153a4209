"""Ordinary outlines by a short way: a whole label file in one call of the compiled core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from exportkit.native import core
from exportkit.records import (
    EXTENT_KINDS,
    REGION_KINDS,
    Annotation,
    Box,
    BoxTexts,
    Keypoints,
    LazyRegion,
    RotatedBox,
    Skeleton,
)
from exportkit.writing import skipped
from exportkit_yolo.box_cost import box_cost_of
from exportkit_yolo.options import Task, YoloOptions
from exportkit_yolo.unkept import OutcomeTable

if TYPE_CHECKING:
    from exportkit.native._core import OutlineTexts

__all__ = ["outline_texts", "pose_texts"]

_JOINED = "L_PARTS_JOINED"
#: Kinds whose outline is written, and what that costs.
_COSTS: Mapping[Task, Mapping[str, tuple[str, ...]]] = {
    "segment": {"polygon": (), "box": ("N_BOX_AS_POLYGON",), "rotated_box": ("N_ROTATION_AS_POLYGON",)},
    "obb": {"box": (), "rotated_box": ()},
}


def outline_texts(
    task: Task, options: YoloOptions, indices: Mapping[str | None, int], outcomes: OutcomeTable
) -> OutlineTexts | None:
    """The compiled maker of rows of outlines for a task; None where there is none, and everything goes the general way.

    Its twin is the general way: an annotation that it takes has the row, the outcome and the measure that
    :mod:`exportkit_yolo.task_rows` gives it, and every other one is left to that.
    """
    costs = _COSTS.get(task)
    if core is None or costs is None or options.attributes == "sidecar":
        return None
    excluded = REGION_KINDS if options.segmentation == "exclude" else frozenset()
    tied = outcomes.ordinary({"polygon": (_JOINED,)})["polygon"] if options.parts == "join" else None
    made: OutlineTexts = core.OutlineTexts(
        annotation=Annotation,
        box=Box,
        region=LazyRegion,
        rotated=RotatedBox,
        heads={label: b"%d" % index for label, index in indices.items() if label is not None},
        outcomes=outcomes.ordinary({kind: cost for kind, cost in costs.items() if kind not in excluded}),
        crowds=dict.fromkeys(EXTENT_KINDS - excluded, skipped("S_CROWD")),
        tied=tied,
        code=_JOINED,
    )
    return made


def pose_texts(
    skeleton: Skeleton, options: YoloOptions, indices: Mapping[str | None, int], outcomes: OutcomeTable
) -> BoxTexts | None:
    """As :func:`outline_texts`, of rows of boxes with the key points of one skeleton."""
    if core is None or options.attributes == "sidecar":
        return None
    regions = () if options.segmentation == "exclude" else REGION_KINDS
    costs = {kind: box_cost_of(kind) for kind in regions}
    made: BoxTexts = core.BoxTexts(
        annotation=Annotation,
        box=Box,
        form="fractions",
        heads={label: b"%d " % index for label, index in indices.items() if label is not None},
        separators=(b" ", b" ", b" ", b"", b"\n"),
        outcomes=outcomes.ordinary({"keypoints": (), "box": ("N_NO_KEYPOINTS",), **costs}),
        attributes=None,
        keypoints=Keypoints,
        skeleton=skeleton.points,
    )
    return made
