"""Entry point of the plugin: what exportkit finds when it looks for formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from exportkit.writing import AcquisitionNeeds, AcquisitionRequest, Checker, Writer

__all__ = ["exportkit_plan_acquisition", "exportkit_register_checkers", "exportkit_register_writers"]

exportkit_api_version = 1
hookimpl = pluggy.HookimplMarker("exportkit")


@hookimpl
def exportkit_register_writers() -> Sequence[type[Writer]]:
    """The YOLO writer."""
    from exportkit_yolo.writer import YoloWriter

    return (YoloWriter,)


@hookimpl
def exportkit_register_checkers() -> Sequence[type[Checker]]:
    """The YOLO checker."""
    from exportkit_yolo.checker import YoloChecker

    return (YoloChecker,)


@hookimpl
def exportkit_plan_acquisition(request: AcquisitionRequest) -> AcquisitionNeeds | None:
    """What YOLO needs of its sources: sizes, since coordinates are shares of the picture, and the bytes, which alone
    tell what its consumer would not open.
    """
    from exportkit.writing import AcquisitionNeeds

    if "yolo" not in request.formats:
        return None
    return AcquisitionNeeds(originals=request.keeps_originals, content=True, sizes=True, classes=True)
