"""Ordinary outlines by a short way: a whole label file in one call of the compiled core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from exportkit.native import core
from exportkit.records import EXTENT_KINDS, Annotation, Box, LazyRegion, RotatedBox
from exportkit.writing import skipped
from exportkit_yolo.options import Task, YoloOptions
from exportkit_yolo.unkept import OutcomeTable

if TYPE_CHECKING:
    from exportkit.native._core import OutlineTexts

__all__ = ["outline_texts"]

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
    if core is None or costs is None or options.attributes == "sidecar" or options.segmentation == "exclude":
        return None
    tied = outcomes.ordinary({"polygon": (_JOINED,)})["polygon"] if options.parts == "join" else None
    made: OutlineTexts = core.OutlineTexts(
        annotation=Annotation,
        box=Box,
        region=LazyRegion,
        rotated=RotatedBox,
        heads={label: b"%d" % index for label, index in indices.items() if label is not None},
        outcomes=outcomes.ordinary(costs),
        crowds=dict.fromkeys(EXTENT_KINDS, skipped("S_CROWD")),
        tied=tied,
        code=_JOINED,
    )
    return made
