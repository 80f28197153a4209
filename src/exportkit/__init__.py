"""exportkit turns what annotators produced into datasets that train.

The root holds what a format author needs. Names are loaded on first use, so that ``import exportkit`` costs
next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exportkit.errors import AnnotationFault, AnnotationSkip, ExportkitError, RecordFault, UsageError
    from exportkit.export import Export
    from exportkit.plugins.hookspecs import hookimpl
    from exportkit.records import Annotation, Canvas, Record
    from exportkit.writing import (
        WRITTEN,
        AcquisitionNeeds,
        AcquisitionRequest,
        ActsIn,
        Binder,
        Checker,
        CheckReport,
        Encoded,
        EncodedRun,
        Finding,
        Fragments,
        NamingRule,
        Outcome,
        OutputFile,
        Picture,
        PictureRule,
        Piece,
        Placement,
        Plan,
        RecordRun,
        Writer,
        WriterOptions,
        failed,
        lossy,
        skipped,
        written,
    )

__version__ = "0.1.0"

_ROOMS = {
    "exportkit.errors": ("AnnotationFault", "AnnotationSkip", "ExportkitError", "RecordFault", "UsageError"),
    "exportkit.export": ("Export",),
    "exportkit.plugins.hookspecs": ("hookimpl",),
    "exportkit.records": ("Annotation", "Canvas", "Record"),
    "exportkit.writing": (
        "AcquisitionNeeds",
        "AcquisitionRequest",
        "ActsIn",
        "Binder",
        "CheckReport",
        "Checker",
        "Encoded",
        "EncodedRun",
        "Finding",
        "Fragments",
        "NamingRule",
        "Outcome",
        "OutputFile",
        "Picture",
        "PictureRule",
        "Piece",
        "Placement",
        "Plan",
        "RecordRun",
        "WRITTEN",
        "Writer",
        "WriterOptions",
        "failed",
        "lossy",
        "skipped",
        "written",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "WRITTEN",
    "AcquisitionNeeds",
    "AcquisitionRequest",
    "ActsIn",
    "Annotation",
    "AnnotationFault",
    "AnnotationSkip",
    "Binder",
    "Canvas",
    "CheckReport",
    "Checker",
    "Encoded",
    "EncodedRun",
    "Export",
    "ExportkitError",
    "Finding",
    "Fragments",
    "NamingRule",
    "Outcome",
    "OutputFile",
    "Picture",
    "PictureRule",
    "Piece",
    "Placement",
    "Plan",
    "Record",
    "RecordFault",
    "RecordRun",
    "UsageError",
    "Writer",
    "WriterOptions",
    "__version__",
    "failed",
    "hookimpl",
    "lossy",
    "skipped",
    "written",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'exportkit' has no attribute {name!r}")
    value = getattr(import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
