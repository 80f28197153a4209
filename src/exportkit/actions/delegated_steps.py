"""The delegated head of an export: the server acquires the data, and its bundle is read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from exportkit.actions.acquisition_steps import (
    close_output,
    handler_config,
    judged_rows,
    nothing_listed,
    open_output,
    prepare_items,
)
from exportkit.actions.context import ExportContext, is_delegated
from exportkit.actions.delegation import map_target_to_backend_targets
from exportkit.actions.target_factory import TargetHandlerFactory
from exportkit.clients.job_outcome import DelegatedExportError
from exportkit.runtime import ExportLogMessageCode
from exportkit.steps import BaseStep, StepResult

if TYPE_CHECKING:
    from exportkit.actions.remote_acquisition import RemoteAcquisition

__all__ = ["BundleReadStep", "DelegateEnqueueStep", "DelegateStreamProgressStep"]


class _DelegatedStep(BaseStep[ExportContext]):
    """A step of the delegated head; where the process acquires by itself, there is nothing to do."""

    def can_skip(self, context: ExportContext) -> bool:
        return not is_delegated(context)


class DelegateEnqueueStep(_DelegatedStep):
    """Asks the server to acquire the data."""

    name = "delegate_enqueue"
    progress_weight = 0.02
    progress_proportion = 2

    def execute(self, context: ExportContext) -> StepResult:
        map_target_to_backend_targets(context.params["target"])
        open_output(context)
        context.fetch_filters = dict(context.params.get("filter") or {})
        acquisition = _acquisition_of(context)
        project = getattr(context.delegation_decision, "project_id", None) or context.project_id
        jobs = acquisition.enqueue(project, context.fetch_filters, context.delegation_count)
        context.async_job_id = jobs[0] if jobs else None
        context.export_shards = jobs if len(jobs) > 1 else None
        context.log_message(ExportLogMessageCode.EXPORT_INITIALIZED)
        return StepResult()

    def rollback(self, context: ExportContext, result: StepResult) -> None:
        # After an interrupt the run goes on with its jobs, unless somebody said otherwise.
        if context.acquisition is not None and (context.cancels_remote or not _is_interrupted()):
            context.acquisition.cancel()
        close_output(context)


class DelegateStreamProgressStep(_DelegatedStep):
    """Follows the server's progress until its jobs are over."""

    name = "delegate_stream_progress"
    progress_weight = 0.05
    progress_proportion = 5

    def execute(self, context: ExportContext) -> StepResult:
        results = _acquisition_of(context).follow()
        context.delegation_terminal_detail = results[0]
        context.delegation_manifest = results[0].manifest
        if len(results) > 1:
            context.delegation_shard_manifests = [result.manifest for result in results]
        return StepResult()


class BundleReadStep(_DelegatedStep):
    """Reads the bundle that the server made, and sets what the in-process head would have set."""

    name = "bundle_read"
    progress_weight = 0.03
    progress_proportion = 3

    def execute(self, context: ExportContext) -> StepResult:
        rows = _acquisition_of(context).read(context.fetch_filters, context.delegation_count)
        context.handler = TargetHandlerFactory.get_handler(context.params["target"], config=handler_config(context))
        context.total_count = rows.listed
        context.results = judged_rows(rows, context)
        if nothing_listed(context):
            context.log_message(ExportLogMessageCode.EXPORT_NO_RESULTS)
            return StepResult()
        context.log_message(ExportLogMessageCode.EXPORT_RESULTS_FETCHED, count=context.total_count)
        prepare_items(context)
        return StepResult()

    def rollback(self, context: ExportContext, result: StepResult) -> None:
        context.results = None
        context.export_items = None


def _is_interrupted() -> bool:
    """Whether a signal, and no failure, ends the run."""
    ending = sys.exception()
    return ending is not None and not isinstance(ending, Exception)


def _acquisition_of(context: ExportContext) -> RemoteAcquisition:
    found: Any = context.acquisition
    if found is None:
        raise DelegatedExportError(
            "The export was to be handed to a server, and this client reaches none; set disable_async_delegate to "
            "acquire in process.",
            exit_code=2,
        )
    return found  # type: ignore[no-any-return]  # the context holds whatever a plugin puts there
