"""The writer contract and all that writers share: plan, outcomes, codes, class map, names, media."""

from exportkit.writing.acquisition import AcquisitionNeeds, AcquisitionRequest
from exportkit.writing.acting import ActsIn
from exportkit.writing.checker import Checker, CheckReport, Dataset, Finding, Picture, PictureLimits, Piece
from exportkit.writing.choice import FormatChoice
from exportkit.writing.contract import (
    Binder,
    Encoded,
    Fragments,
    NamingRule,
    OutputFile,
    PictureRule,
    Writer,
    WriterOptions,
)
from exportkit.writing.outcome import WRITTEN, Outcome, failed, lossy, skipped, written
from exportkit.writing.plan import MediaMode, Placement, Plan, SplitFacts
from exportkit.writing.record_run import EncodedRun, Exceptions, Overlaps, RecordRun

__all__ = [
    "WRITTEN",
    "AcquisitionNeeds",
    "AcquisitionRequest",
    "ActsIn",
    "Binder",
    "CheckReport",
    "Checker",
    "Dataset",
    "Encoded",
    "EncodedRun",
    "Exceptions",
    "Finding",
    "FormatChoice",
    "Fragments",
    "MediaMode",
    "NamingRule",
    "Outcome",
    "OutputFile",
    "Overlaps",
    "Picture",
    "PictureLimits",
    "PictureRule",
    "Piece",
    "Placement",
    "Plan",
    "RecordRun",
    "SplitFacts",
    "Writer",
    "WriterOptions",
    "failed",
    "lossy",
    "skipped",
    "written",
]
