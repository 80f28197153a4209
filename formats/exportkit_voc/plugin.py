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
    """The Pascal VOC writer."""
    from exportkit_voc.writer import VocWriter

    return (VocWriter,)


@hookimpl
def exportkit_register_checkers() -> Sequence[type[Checker]]:
    """The Pascal VOC checker."""
    from exportkit_voc.checker import VocChecker

    return (VocChecker,)


@hookimpl
def exportkit_plan_acquisition(request: AcquisitionRequest) -> AcquisitionNeeds | None:
    """What Pascal VOC needs of its sources: ``size`` holds the depth, too, which only the header of the file tells."""
    from exportkit.writing import AcquisitionNeeds

    if "voc" not in request.formats:
        return None
    return AcquisitionNeeds(originals=request.keeps_originals, content=True, sizes=True, classes=True)
