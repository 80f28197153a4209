"""What the steps of one run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from exportkit.runtime.log_level import LogLevel

if TYPE_CHECKING:
    from exportkit.runtime import LogMessageCode, RuntimeContext
    from exportkit.steps.result import StepResult

__all__ = ["BaseStepContext"]


@dataclass
class BaseStepContext:
    """Base of the contexts of workflows; subclasses add the fields that their steps hand on.

    ``step_results[-1]`` is the result of the step before, skipped ones included.
    """

    runtime_ctx: RuntimeContext
    step_results: list[StepResult] = field(default_factory=list)
    #: Sentences for a person: partial failures that did not stop the run, and rollbacks that failed.
    errors: list[str] = field(default_factory=list)
    current_step: str | None = field(default=None, init=False)
    #: 0-based place of the current step in its registry.
    current_step_order: int | None = field(default=None, init=False)
    #: True once the user was told why the run failed, so that nobody tells it twice.
    user_failure_message_emitted: bool = field(default=False, init=False)

    def enter_step(self, name: str | None, order: int | None = None) -> None:
        """Make ``name`` the current step; None leaves it. Called by the orchestrator."""
        self.current_step = name
        self.current_step_order = None if name is None else order

    def mark_user_failure_emitted(self) -> None:
        self.user_failure_message_emitted = True

    def log(self, event: str, data: dict[str, Any], file: str | None = None, level: LogLevel = LogLevel.INFO) -> None:
        self.runtime_ctx.log(event, data, file, level=level)

    def set_progress(self, current: int, total: int, step: str | None = None) -> None:
        """Raises ``ValueError`` for numbers that are no progress; ``step`` defaults to the current one."""
        self.runtime_ctx.set_progress(current, total, self.current_step if step is None else step)

    def report_progress(self, current: int, total: int, step: str | None = None) -> None:
        """Like :meth:`set_progress`, but tolerates a total that grows late, and never raises."""
        self.runtime_ctx.report_progress(current, total, self.current_step if step is None else step)

    def set_metrics(self, value: dict[str, Any], step: str | None = None) -> None:
        """Merge ``value`` into the metrics of a step; raises ``ValueError`` when there is none."""
        where = self.current_step if step is None else step
        if where is None:
            raise ValueError("Metrics belong to a step: name one, or call set_metrics while a step runs.")
        self.runtime_ctx.set_metrics(value, where)

    def log_message(
        self,
        message: str | LogMessageCode,
        level: LogLevel = LogLevel.INFO,
        *,
        context: str | LogLevel | None = None,
        **kwargs: Any,
    ) -> None:
        """Tell the user. A message code brings its own level; ``context`` is the older name of ``level``."""
        self.runtime_ctx.log_message(message, level, context=context, step=self.current_step, **kwargs)
