"""Runs the steps of a workflow in order, and undoes them when one fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic

from exportkit.errors import ExportkitError, StepFailed, words_of
from exportkit.steps.registry import StepRegistry
from exportkit.steps.result import StepResult
from exportkit.steps.step import BaseStep, C

if TYPE_CHECKING:
    from exportkit.runtime import BaseLogger

__all__ = ["Orchestrator"]


class Orchestrator(Generic[C]):
    """One run of a registry over one context.

    ``progress_callback(100, 100)`` is called when a step is done or skipped, with that step as the current one.
    ``before_step(name, context)`` is called before a step is asked whether it can be skipped.
    """

    def __init__(
        self,
        registry: StepRegistry[C],
        context: C,
        progress_callback: Callable[[int, int], None],
        before_step: Callable[[str, C], None] | None = None,
    ) -> None:
        self._registry = registry
        self._context = context
        self._progress_callback = progress_callback
        self._before_step = before_step
        self._begun: list[tuple[BaseStep[C], StepResult]] = []

    def execute(self) -> dict[str, Any]:
        """Run all steps; answers ``success``, ``steps_executed`` (without skipped ones) and ``steps_total``.

        Raises :class:`~exportkit.errors.StepFailed`, a ``RuntimeError`` that reads ``Step '<name>' failed: <error>``
        and has the original exception as its cause, after everything begun was rolled back in reverse order.
        ``KeyboardInterrupt`` and ``SystemExit`` roll back as well and go on unchanged.
        """
        steps = self._registry.get_steps()
        shares = self._registry.progress_shares()
        if self._logger is not None:
            self._logger.open_workflow(shares, self._registry.get_step_orders())
        outer = self._context.current_step, self._context.current_step_order
        executed = 0
        self._begun.clear()
        try:
            for order, step in enumerate(steps):
                executed += self._run(step, order, reported=step.name in shares)
        except BaseException:
            self._rollback()  # what an interrupt between two steps left; after a step that failed there is nothing
            raise
        finally:
            self._enter(*outer)
        return {"success": True, "steps_executed": executed, "steps_total": len(steps)}

    def _run(self, step: BaseStep[C], order: int, *, reported: bool) -> bool:
        """Whether the step was executed, and not skipped."""
        result: StepResult | None = None
        try:
            self._enter(step.name, order)
            if self._before_step is not None:
                self._before_step(step.name, self._context)
            if step.can_skip(self._context):
                self._context.step_results.append(StepResult(skipped=True))
                result = self._context.step_results[-1]
            else:
                result = self._executed(step)
            if result.success and reported:
                self._progress_callback(100, 100)
        except BaseException as error:
            self._stop(step, self._failure(step, result, error), error)
            raise
        if not result.success:
            self._stop(step, result, result.exception)
        return not result.skipped

    def _executed(self, step: BaseStep[C]) -> StepResult:
        """The result of the step, listed before anybody judges it: a step that fails is rolled back too."""
        try:
            answer: object = step.execute(self._context)
        except Exception as error:  # noqa: BLE001 - the border of a step; the exception travels in the result
            answer = StepResult.failed(error)
        if not isinstance(answer, StepResult):
            answer = StepResult.failed(f"execute() has to return a StepResult, and returned {type(answer).__name__}.")
        self._begin(step, answer)
        return answer

    def _begin(self, step: BaseStep[C], result: StepResult) -> None:
        self._context.step_results.append(result)
        self._begun.append((step, result))

    def _failure(self, step: BaseStep[C], result: StepResult | None, error: BaseException) -> StepResult:
        """The failed result for an error outside ``execute``, or for one that ``execute`` may not keep."""
        if result is None and self._begun and self._begun[-1][0] is step:
            result = self._begun[-1][1]
        if result is None:
            result = StepResult.failed(error)
            self._begin(step, result)
        else:
            result.fail(error)
        return result

    def _stop(self, step: BaseStep[C], result: StepResult, cause: BaseException | None) -> None:
        """Roll back, then raise the failure of the step, unless the cause has to go on as it is."""
        notes = self._rollback()
        failure: BaseException
        if cause is not None and not isinstance(cause, Exception):
            failure = cause
        else:
            failure = StepFailed(step.name, result.error or "the step gave no reason")
            if isinstance(cause, ExportkitError):
                failure.exit_code = cause.exit_code
        for note in notes:
            failure.add_note(note)
        if failure is not cause:
            raise failure from cause

    def _rollback(self) -> list[str]:
        """Undo in reverse order; answers what went wrong on the way."""
        notes = []
        for step, result in reversed(self._begun):
            try:
                step.rollback(self._context, result)
            except Exception as error:  # noqa: BLE001 - the border of a rollback: the others still have to run
                sentence = f"Rollback failed for step '{step.name}'"
                self._context.errors.append(sentence)
                notes.append(f"{sentence}: {type(error).__name__}: {words_of(error)}")
        self._begun.clear()
        return notes

    def _enter(self, name: str | None, order: int | None) -> None:
        self._context.enter_step(name, order)
        if self._logger is not None:
            self._logger.set_step(name, order)

    @property
    def _logger(self) -> BaseLogger | None:
        return getattr(self._context.runtime_ctx, "logger", None)
