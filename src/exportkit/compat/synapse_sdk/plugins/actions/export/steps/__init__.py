"""The nine steps of an export."""

from __future__ import annotations

from exportkit.actions import (
    BundleReadStep,
    ConvertDataStep,
    DelegateEnqueueStep,
    DelegateStreamProgressStep,
    FetchResultsStep,
    FinalizeStep,
    InitializeStep,
    PrepareExportStep,
    SaveFilesStep,
)

__all__ = [
    "BundleReadStep",
    "ConvertDataStep",
    "DelegateEnqueueStep",
    "DelegateStreamProgressStep",
    "FetchResultsStep",
    "FinalizeStep",
    "InitializeStep",
    "PrepareExportStep",
    "SaveFilesStep",
]
