"""The delegated head of an export: the server acquires the data, and its bundle is read."""

from __future__ import annotations

from exportkit.actions.context import ExportContext, is_delegated
from exportkit.actions.delegation import DelegatedExportError
from exportkit.steps import BaseStep, StepResult

__all__ = ["BundleReadStep", "DelegateEnqueueStep", "DelegateStreamProgressStep"]


class _DelegatedStep(BaseStep[ExportContext]):
    """A step of the delegated head; where the process acquires by itself, there is nothing to do."""

    def can_skip(self, context: ExportContext) -> bool:
        return not is_delegated(context)

    def execute(self, context: ExportContext) -> StepResult:
        raise DelegatedExportError(
            "This exportkit cannot hand an export to the server; set disable_async_delegate to acquire in process."
        )


class DelegateEnqueueStep(_DelegatedStep):
    """Asks the server to acquire the data."""

    name = "delegate_enqueue"
    progress_weight = 0.02
    progress_proportion = 2


class DelegateStreamProgressStep(_DelegatedStep):
    """Follows the server's progress until its job is over."""

    name = "delegate_stream_progress"
    progress_weight = 0.05
    progress_proportion = 5


class BundleReadStep(_DelegatedStep):
    """Reads the bundle that the server made, and sets what the in-process head would have set."""

    name = "bundle_read"
    progress_weight = 0.03
    progress_proportion = 3
