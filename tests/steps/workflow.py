"""A workflow whose steps write down what happens to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from exportkit.runtime import NoOpLogger, PluginEnvironment, RuntimeContext
from exportkit.steps import BaseStep, BaseStepContext, Orchestrator, StepRegistry, StepResult

Work = Callable[["Diary"], StepResult]


@dataclass
class Diary(BaseStepContext):
    """What happened, in order."""

    lines: list[str] = field(default_factory=list)
    percents: list[tuple[str | None, int]] = field(default_factory=list)


class Step(BaseStep[Diary]):
    """Does what it is told, and tells what is done to it."""

    def __init__(
        self,
        name: str,
        work: Work | None = None,
        *,
        weight: float = 0.5,
        proportion: int = 0,
        skip: Callable[[Diary], bool] | None = None,
        undo: Callable[[Diary, StepResult], None] | None = None,
    ) -> None:
        self._name, self._weight, self._proportion = name, weight, proportion
        self._work, self._skip, self._undo = work, skip, undo

    @property
    def name(self) -> str:
        return self._name

    @property
    def progress_weight(self) -> float:
        return self._weight

    @property
    def progress_proportion(self) -> int:
        return self._proportion

    def can_skip(self, context: Diary) -> bool:
        return self._skip is not None and self._skip(context)

    def execute(self, context: Diary) -> StepResult:
        context.lines.append(f"execute {self.name}")
        return StepResult() if self._work is None else self._work(context)

    def rollback(self, context: Diary, result: StepResult) -> None:
        context.lines.append(f"rollback {self.name}")
        if self._undo is not None:
            self._undo(context, result)


def raising(error: BaseException) -> Work:
    def work(_context: Diary) -> StepResult:
        raise error

    return work


def diary() -> Diary:
    return Diary(RuntimeContext(logger=NoOpLogger(), env=PluginEnvironment()))


def registry(*steps: BaseStep[Diary]) -> StepRegistry[Diary]:
    made: StepRegistry[Diary] = StepRegistry()
    for step in steps:
        made.register(step)
    return made


def run(
    context: Diary, *steps: BaseStep[Diary], before: Callable[[str, Diary], None] | None = None
) -> dict[str, object]:
    def callback(current: int, total: int) -> None:
        context.percents.append((context.current_step, 100 * current // total))

    return Orchestrator(registry(*steps), context, callback, before_step=before).execute()
