"""The in-process head of an export: its place, its rows, and what its exporter is told."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, cast

from exportkit.actions.acquired_rows import AcquiredRows
from exportkit.actions.context import ExportContext, is_delegated
from exportkit.actions.export_output import ExportOutput
from exportkit.actions.formats import asks_for_formats
from exportkit.actions.gt_project import resolve_gt_project_id
from exportkit.actions.needs import acquisition_needs
from exportkit.actions.run_plugins import run_plugins
from exportkit.actions.tail import ExportTail
from exportkit.actions.target_factory import TargetHandlerFactory
from exportkit.actions.target_handler import accepted_keywords, pair_of
from exportkit.actions.template_tail import TemplateTail
from exportkit.runtime import ExportLogMessageCode, LogLevel, Settings
from exportkit.steps import BaseStep, StepResult
from exportkit.storage.objects import ObjectStore
from exportkit.storage.opening import session_objects

__all__ = ["FetchResultsStep", "InitializeStep", "PrepareExportStep", "tail_class"]

_CORRUPT = 4
_BUILT_IN = frozenset({"task", "assignment", "ground_truth"})


class InitializeStep(BaseStep[ExportContext]):
    """Finds the storage and reserves the folder of the export."""

    name = "initialize"
    progress_weight = 0.02
    progress_proportion = 2

    def can_skip(self, context: ExportContext) -> bool:
        return is_delegated(context)

    def execute(self, context: ExportContext) -> StepResult:
        open_output(context)
        context.log_message(ExportLogMessageCode.EXPORT_INITIALIZED)
        return StepResult()

    def rollback(self, context: ExportContext, result: StepResult) -> None:
        close_output(context)


class FetchResultsStep(BaseStep[ExportContext]):
    """Asks the target's handler for the rows, which are still to be read."""

    name = "fetch_results"
    progress_weight = 0.05
    progress_proportion = 5

    def can_skip(self, context: ExportContext) -> bool:
        return is_delegated(context)

    def execute(self, context: ExportContext) -> StepResult:
        target = context.params["target"]
        context.handler = TargetHandlerFactory.get_handler(target, config=handler_config(context))
        context.fetch_filters = dict(context.params.get("filter") or {})
        rows, total = pair_of(_fetched(context), "get_filtered_results")
        if context.acquisition is not None and context.acquisition.takes(rows):
            rows = context.acquisition.in_process(rows, context.fetch_filters, total)
            total = rows.listed
        if total == 0:
            rows, total = _surely_empty(rows)
        context.count_verified = total is not None
        context.total_count = total or 0
        context.results = judged_rows(rows, context)
        if nothing_listed(context):
            context.log_message(ExportLogMessageCode.EXPORT_NO_RESULTS)
        else:
            context.log_message(ExportLogMessageCode.EXPORT_RESULTS_FETCHED, count=context.total_count)
        if not context.count_verified:
            text = "The source does not say how many rows there are, so nothing proves that all of them came."
            context.log_message(text, LogLevel.WARNING)
        context.log("export_info", {"message": f"Rows of the target {target}", "count": total})
        return StepResult()

    def rollback(self, context: ExportContext, result: StepResult) -> None:
        context.results = None


class PrepareExportStep(BaseStep[ExportContext]):
    """Reads the project's configuration and puts together what the exporter gets."""

    name = "prepare_export"
    progress_weight = 0.03
    progress_proportion = 3

    def can_skip(self, context: ExportContext) -> bool:
        return is_delegated(context) or nothing_listed(context)

    def execute(self, context: ExportContext) -> StepResult:
        prepare_items(context)
        return StepResult()

    def rollback(self, context: ExportContext, result: StepResult) -> None:
        context.export_items = None
        context.export_params = {}


def open_output(context: ExportContext) -> None:
    """Find the storage, reserve the folder of the export, and begin or go on with an acquisition from a backend."""
    params = context.params
    client = context.runtime_ctx.client
    is_remote = getattr(client, "remote", False) is True
    context.storage = context.storage or _of(context, "get_storage")(params["storage"])
    context.output = _output(context, resumable=is_remote, restart=context.restart)
    context.path_root = context.output.path_root
    context.tail = context.tail or tail_class(context)(context)
    context.tail.open()
    context.needs = acquisition_needs(context)
    if is_remote:
        from exportkit.actions.remote_acquisition import RemoteAcquisition

        context.acquisition = RemoteAcquisition(context, client, context.runtime_ctx.v2_client)


def _output(context: ExportContext, **how: bool) -> ExportOutput:
    params, storage = context.params, context.storage or {}
    if storage.get("provider") != "s3":
        return ExportOutput.on_storage(storage, params["path"], params["name"], **how)
    from exportkit.actions.object_output import ObjectOutput

    def opens() -> ObjectStore:
        # A session may end before everything is acquired, so that its keys are asked for when they are needed.
        return session_objects(_of(context, "get_storage")(params["storage"]))

    return ObjectOutput(opens, params["path"], params["name"], **how)


def close_output(context: ExportContext) -> None:
    """Release what :func:`open_output` made; what was acquired is kept for the next run, unless it is of no use."""
    if context.acquisition is not None:
        if _is_of_no_use(context):
            context.output.run.keeps = False  # type: ignore[union-attr]  # opened with the acquisition
        context.acquisition.close()
    if context.tail is not None:
        context.tail.close()


def _is_of_no_use(context: ExportContext) -> bool:
    """Whether the run failed by what was acquired itself, so that going on would only fail again (exit code 4)."""
    failures = [result.exception for result in context.step_results if not result.success]
    return bool(failures) and getattr(failures[-1], "exit_code", 1) == _CORRUPT


def prepare_items(context: ExportContext) -> None:
    """Read the project's configuration, make items of the rows, and put together what the exporter gets."""
    if context.project_id is None and context.params["target"] == "ground_truth":
        ctx = context.runtime_ctx
        context.project_id = resolve_gt_project_id(ctx.client, ctx.v2_client, context.fetch_filters)
    if context.project_id is not None:
        context.configuration = _of(context, "get_project_configuration")(context.project_id)
    handler: Any = context.handler
    context.export_items = iter(handler.get_export_item(context.results))
    context.export_params = export_params(context)


def tail_class(context: ExportContext) -> type[ExportTail]:
    """What becomes of the items: datasets where formats are asked for, else what the exporter says."""
    own: type[ExportTail] | None = getattr(context.entrypoint, "tail", None)
    if own is not None:
        return own
    declared = set(type(context.action.params).model_fields) if context.action is not None else set()
    if asks_for_formats(context.params) and not declared & {"format", "formats"}:
        from exportkit.actions.format_tail import FormatTail

        return FormatTail
    return TemplateTail


def nothing_listed(context: ExportContext) -> bool:
    """Whether the source said that there are no rows, and meant it."""
    return context.count_verified and context.total_count == 0


def export_params(context: ExportContext) -> dict[str, Any]:
    """The keyword arguments of the exporter (SDK behaviour, section 16)."""
    params = context.params
    given = {key: params.get(key) for key in ("description", "storage", "path", "target", "filter")}
    given |= {
        "name": params.get("name"),
        "count": context.total_count if context.count_verified else None,
        "save_original_file": params.get("save_original_file", True),
        **(params.get("extra_params") or {}),
    }
    if context.project_id is not None:
        given["configuration"] = context.configuration or {}
        given["project_id"] = context.project_id
    return given


def handler_config(context: ExportContext) -> dict[str, Any]:
    """What a handler is configured by. Raises SettingRefused for a knob with a value that it does not take."""
    settings = Settings(context.params, context.config)
    given = {name: setting.value for name, setting in settings.all().items() if setting.value is not None}
    return {**context.config, **given}


def _of(context: ExportContext, method: str) -> Callable[..., Any]:
    """A method of the action, which plugins may override, or of the client where there is no action."""
    return cast("Callable[..., Any]", getattr(context.action if context.action is not None else context.client, method))


def _fetched(context: ExportContext) -> Any:
    """What the action's own `get_filtered_results` gives, called with as many arguments as it takes."""
    if context.action is None:
        return fetch_through(context.handler, context.client, context.fetch_filters, context)
    method = context.action.get_filtered_results
    try:
        inspect.signature(method).bind(context.fetch_filters, context.handler)
    except TypeError:
        return method(context.fetch_filters)
    return method(context.fetch_filters, context.handler)


def fetch_through(handler: Any, client: Any, filters: Mapping[str, Any], context: ExportContext | None) -> Any:
    """What a handler gives, called with the keywords that it knows."""
    offered = {
        "ctx": context.runtime_ctx if context is not None else None,
        "page_failures": context.page_failures if context is not None else [],
        "save_original_file": bool(context is not None and context.params.get("save_original_file", True)),
    }
    return handler.get_results(client, dict(filters), **accepted_keywords(handler.get_results, offered))


def _surely_empty(rows: Iterable[Any]) -> tuple[Iterable[Any], int | None]:
    """A count of nothing beside a row is no count."""
    iterator = iter(rows)
    for row in iterator:
        return chain([row], iterator), None
    return rows, 0


def judged_rows(rows: Iterable[Any], context: ExportContext) -> Iterable[Any]:
    """The rows, each held against the filter and shown to plugins, where the tail does not do that itself."""
    hook = None
    filters = context.fetch_filters if context.params["target"] in _BUILT_IN else {}
    if context.tail is None or not context.tail.applies_item_hooks:
        hook = run_plugins().item_hooks
    return AcquiredRows(rows, filters, hook)
