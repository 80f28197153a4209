"""Exports in nine steps: two heads that acquire, one tail that an exporter fills in."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

from exportkit.actions.acquisition_steps import (
    FetchResultsStep,
    InitializeStep,
    PrepareExportStep,
    fetch_through,
    tail_class,
)
from exportkit.actions.base_export import BaseExportAction
from exportkit.actions.context import ExportContext
from exportkit.actions.delegated_steps import BundleReadStep, DelegateEnqueueStep, DelegateStreamProgressStep
from exportkit.actions.delegation import OFFLINE, DelegationConfig, DelegationDecision, resolve_delegation_decision
from exportkit.actions.exporter import BaseExporter
from exportkit.actions.params import ExportParams
from exportkit.actions.tail_steps import ConvertDataStep, FinalizeStep, SaveFilesStep
from exportkit.errors import UsageError, words_of
from exportkit.runtime import LogLevel
from exportkit.steps import StepRegistry

__all__ = ["DefaultExportAction", "ExportAction", "export_action_of"]


class ExportAction(BaseExportAction[ExportParams]):
    """Exports a target through an exporter class, which a subclass names as :attr:`entrypoint`.

    The nine steps are always the same. Which head acquires is decided once, by :meth:`_resolve_delegation_decision`,
    and the steps of the other one pass. A subclass that overrides ``execute`` and not ``setup_steps`` runs its own.
    """

    action_name = "export"
    params_model = ExportParams
    #: A subclass of BaseExporter; also as a property.
    entrypoint: Any = None

    #: Whether an ``execute`` of a subclass stands in for the steps.
    _own_execute_counts: ClassVar[bool] = True

    def setup_steps(self, registry: StepRegistry[ExportContext]) -> None:
        for step in (
            InitializeStep(),
            FetchResultsStep(),
            PrepareExportStep(),
            DelegateEnqueueStep(),
            DelegateStreamProgressStep(),
            BundleReadStep(),
            ConvertDataStep(),
            SaveFilesStep(),
            FinalizeStep(),
        ):
            registry.register(step)

    def create_context(self) -> ExportContext:
        context = super().create_context()
        params = context.params
        extra = dict(params.get("extra_params") or {})
        declared = set(type(self.params).model_fields) - set(ExportParams.model_fields)
        for key in self.params.model_extra or {}:
            extra.setdefault(key, params[key])
        extra |= {key: params[key] for key in declared}
        params["extra_params"] = extra
        context.action = self
        context.entrypoint = entrypoint = self._entrypoint_class()
        context.label_output_dirname = getattr(entrypoint, "label_output_dirname", "labels")
        context.sdk_managed_original_files = getattr(entrypoint, "sdk_managed_original_files", True)
        return context

    def get_filtered_results(self, filters: dict[str, Any], handler: Any = None) -> tuple[Any, int]:
        """Rows and how many there are, from the target's handler."""
        if handler is None:
            raise TypeError("get_filtered_results needs the handler of the target.")
        answer: tuple[Any, int] = fetch_through(handler, self.ctx.client, filters, self.context)
        return answer

    def execute(self) -> Any:
        """The nine steps."""
        registry: StepRegistry[ExportContext] = StepRegistry()
        self.setup_steps(registry)
        return self._run_steps(registry)

    def run(self) -> Any:
        cls = type(self)
        if (
            self._own_execute_counts
            and cls.execute is not ExportAction.execute
            and cls.setup_steps is ExportAction.setup_steps
        ):
            try:
                return self.execute()
            except UsageError:  # its words are for whoever called
                raise
            except Exception as error:
                self._emit_failure_message(error)
                raise
        return super().run()

    def _resolve_delegation_decision(self) -> DelegationDecision:
        """Who acquires, and why; called once a run, and open to be overridden."""
        params = self.params.model_dump()
        filters = params.get("filter") or {}
        project = self.context.project_id if self.context is not None else None
        return resolve_delegation_decision(
            v2_client=self.ctx.v2_client,
            client=self.ctx.client,
            target=params["target"],
            filters=filters,
            project_id=project,
            config=self._build_delegation_config(),
        )

    def _build_delegation_config(self) -> DelegationConfig:
        return DelegationConfig.from_sources(config=self.config, params=self.params.model_dump())

    def _prepare(self, context: ExportContext) -> None:
        context.tail = tail_class(context)(context)
        decision = self._resolve_delegation_decision()
        context.delegation_decision = decision
        if decision.delegate:
            context.delegation_count = decision.count
            return
        reason = getattr(decision, "reason", "") or "decided by the plugin"
        if reason == OFFLINE:
            return
        text = f"The export acquires its data in process, which is deprecated: {reason}."
        context.log_message(text, LogLevel.WARNING)
        warnings.warn(text, DeprecationWarning, stacklevel=2)

    def _before_step(self, name: str, context: ExportContext) -> None:
        """Make the exporter before the tail begins, also for an export without items."""
        if name != ConvertDataStep.name or context.exporter is not None or context.path_root is None:
            return
        if context.entrypoint is None or context.tail is None:
            return
        items = context.export_items if context.export_items is not None else iter(())
        params = context.export_params or {
            "name": context.params.get("name"),
            "count": 0,
            "save_original_file": context.params.get("save_original_file", True),
            **(context.params.get("extra_params") or {}),
        }
        context.exporter = context.entrypoint(self.ctx, items, context.path_root, **params)
        context.tail.begin()

    def _emit_failure_message(self, error: BaseException) -> None:
        super()._emit_failure_message(error)
        self.log("export_failed", {"message": "The export failed", "error": words_of(error)})

    def _result(self, context: ExportContext, outcome: Mapping[str, Any]) -> dict[str, Any]:
        self.log("export_completed", {"message": f"The export is {context.status}", "count": context.exported_count})
        return {
            "export_path": context.output.place if context.output is not None else str(context.path_root),
            **super()._result(context, outcome),
            "failed_originals": context.failed_originals,
            "unexported_files": context.unexported_files,
            "filename_collision_count": context.filename_collision_count,
            "count_verified": context.count_verified,
        }

    def _entrypoint_class(self) -> type[Any]:
        entrypoint = self.entrypoint
        if not isinstance(entrypoint, type) or not issubclass(entrypoint, BaseExporter):
            raise UsageError(
                f"{type(self).__name__} needs an entrypoint: set it to a subclass of BaseExporter, not {entrypoint!r}."
            )
        return entrypoint


class DefaultExportAction(ExportAction):
    """The same nine steps; an ``execute`` of a subclass does not stand in for them."""

    _own_execute_counts = False


def export_action_of(exporter: type[BaseExporter], *, name: str = "export") -> type[ExportAction]:
    """The default action around an exporter class that is named as an entry point itself."""
    members = {
        "entrypoint": exporter,
        "action_name": name,
        "__module__": exporter.__module__,
        "__doc__": exporter.__doc__,
    }
    return type(f"{exporter.__name__}Action", (DefaultExportAction,), members)
