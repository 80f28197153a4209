"""The base of all export actions: in one method, or in steps."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel

from exportkit.actions.base import BaseAction
from exportkit.actions.context import ExportContext
from exportkit.actions.failure_classifier import classify_export_error, extract_failed_step
from exportkit.actions.progress_words import ExportProgress
from exportkit.clients import CountedRows
from exportkit.engines import EngineName
from exportkit.errors import UsageError
from exportkit.runtime import ExportLogMessageCode, PluginCategory
from exportkit.steps import Orchestrator, StepRegistry

__all__ = ["BaseExportAction"]

P = TypeVar("P", bound=BaseModel)


class BaseExportAction(BaseAction[P]):
    """Simple mode: override :meth:`execute`. Step mode: register steps in :meth:`setup_steps`; steps take precedence.

    An overridden :meth:`get_filtered_results` may return what a client's list call gave, with its length: rows and
    number are told apart here.
    """

    category = PluginCategory.EXPORT
    progress: ClassVar[type[ExportProgress]] = ExportProgress

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        own = cls.__dict__.get("get_filtered_results")
        if callable(own):
            cls.get_filtered_results = _with_plain_pair(own)  # type: ignore[method-assign]

    def __init__(self, params: Any, ctx: Any) -> None:
        super().__init__(params, ctx)
        #: Whether to forget what an unfinished run has acquired, and to end jobs of the server with the run.
        self.restart = False
        self.cancels_remote = False
        #: Where datasets of registered formats are encoded, and the address of the cluster for ``ray``.
        self.engine: EngineName = "local"
        self.ray_address: str | None = None
        #: State of the latest run in steps, also after it failed.
        self.context: ExportContext | None = None

    @property
    def client(self) -> Any:
        """The backend client. Raises RuntimeError without one."""
        if self.ctx.client is None:
            raise RuntimeError("No client in runtime context")
        return self.ctx.client

    def set_progress(self, current: int, total: int, step: str | None = None, *, category: str | None = None) -> None:
        """Progress of the conversion. A total that turns out too small grows, and an export of nothing has none.

        Rows may appear between counting and listing them, so no number here stops an export.
        """
        self.ctx.report_progress(current, total, category if step is None else step)

    def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, int]:
        """Rows and how many there are; every export that asks for rows by a filter overrides it."""
        raise NotImplementedError(f"{type(self).__name__} has to override get_filtered_results(filters).")

    def setup_steps(self, registry: StepRegistry[ExportContext]) -> None:
        """Register the steps of the export; without any, :meth:`execute` runs."""

    def create_context(self) -> ExportContext:
        """The state that the steps share, with the parameters as plain values."""
        params = self.params.model_dump()
        filters = params.get("filter")
        return ExportContext(
            restart=self.restart,
            cancels_remote=self.cancels_remote,
            engine=self.engine,
            ray_address=self.ray_address,
            runtime_ctx=self.ctx,
            params=params,
            config=dict(self.config or {}),
            project_id=_whole(filters.get("project")) if isinstance(filters, Mapping) else None,
        )

    def execute(self) -> Any:
        """The whole export in one method. Not abstract, since steps do as well."""
        raise NotImplementedError(f"{type(self).__name__} has neither steps (setup_steps) nor an execute of its own.")

    def run(self) -> Any:
        """Run the steps, or :meth:`execute` where there are none; a failure is told to the user once."""
        try:
            registry: StepRegistry[ExportContext] = StepRegistry()
            self.setup_steps(registry)
            return self._run_steps(registry) if registry else self.execute()
        except UsageError:  # its words are for whoever called
            raise
        except Exception as error:
            self._emit_failure_message(error)
            raise

    def get_storage(self, storage_id: int) -> dict[str, Any]:
        """The storage as the backend knows it."""
        storage: dict[str, Any] = self.client.get_storage(storage_id)
        return storage

    def get_project(self, project_id: int) -> dict[str, Any]:
        """The project as the backend knows it."""
        project: dict[str, Any] = self.client.get_project(project_id)
        return project

    def get_project_configuration(self, project_id: int) -> dict[str, Any]:
        """The configuration of a project; empty where it has none."""
        project = self.get_project(project_id)
        found = (
            project.get("configuration") if isinstance(project, Mapping) else getattr(project, "configuration", None)
        )
        return dict(found) if isinstance(found, Mapping) else {}

    @classmethod
    def get_log_message_code_class(cls) -> Any:
        return ExportLogMessageCode

    # -- steps -----------------------------------------------------------------------------------------------

    def _run_steps(self, registry: StepRegistry[ExportContext]) -> dict[str, Any]:
        self.context = context = self.create_context()
        self._prepare(context)
        try:
            outcome = Orchestrator(registry, context, context.report_progress, self._before_step).execute()
        finally:
            if context.acquisition is not None:
                context.acquisition.close()
            if context.tail is not None:
                context.tail.close()
        return self._result(context, outcome)

    def _prepare(self, context: ExportContext) -> None:
        """Called once, before the first step."""

    def _before_step(self, name: str, context: ExportContext) -> None:
        """Called before each step."""

    def _result(self, context: ExportContext, outcome: Mapping[str, Any]) -> dict[str, Any]:
        troubled = context.errors or context.failed_count or context.page_failures
        status = "partial" if troubled and context.status == "complete" else context.status
        return {
            **outcome,
            "exported_count": context.exported_count,
            "failed_count": context.failed_count,
            "total_count": context.total_count,
            "output_path": context.output_path,
            "status": status,
            "unique_export_path": context.output_path,
            "reconcile": context.reconcile,
            **context.extra_result,
        }

    def _emit_failure_message(self, error: BaseException) -> None:
        context = self.context
        if context is not None and context.user_failure_message_emitted:
            return
        code = classify_export_error(error)
        step = extract_failed_step(error)
        if code is None:
            code = ExportLogMessageCode.EXPORT_FAILED_STEP if step else ExportLogMessageCode.EXPORT_FAILED_ADMIN_CONTACT
        self.log_message(code, failed_step=step or "")
        if context is not None:
            context.mark_user_failure_emitted()


def _with_plain_pair(method: Any) -> Any:
    """The method, with rows in the place of a counted answer that was returned as rows."""

    @functools.wraps(method)
    def get_filtered_results(self: Any, *arguments: Any, **more: Any) -> Any:
        answer = method(self, *arguments, **more)
        if isinstance(answer, tuple) and tuple.__len__(answer) == 2 and isinstance(answer[0], CountedRows):
            return answer[0].rows, answer[1]
        return answer

    return get_filtered_results


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
