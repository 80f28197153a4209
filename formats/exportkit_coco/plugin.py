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
    """The COCO writer."""
    from exportkit_coco.writer import CocoWriter

    return (CocoWriter,)


@hookimpl
def exportkit_register_checkers() -> Sequence[type[Checker]]:
    """The COCO checker."""
    from exportkit_coco.checker import CocoChecker

    return (CocoChecker,)


@hookimpl
def exportkit_plan_acquisition(request: AcquisitionRequest) -> AcquisitionNeeds | None:
    """What COCO needs of its sources: sizes stand in ``images``, masks are drawn on them."""
    from exportkit.writing import AcquisitionNeeds

    if "coco" not in request.formats:
        return None
    return AcquisitionNeeds(originals=request.keeps_originals, sizes=True, classes=True)
