"""Steps run in order, and what was begun is undone (SDK behaviour §3)."""

from __future__ import annotations

import pickle
import traceback
from datetime import timedelta

import pytest
from tests.steps.workflow import Diary, Step, diary, raising, registry, run

from exportkit.errors import ExportkitError, StepFailed
from exportkit.runtime import NoOpLogger
from exportkit.steps import BaseStep, BaseStepContext, Orchestrator, StepResult


def fail(reason: str) -> StepResult:
    return StepResult(success=False, error=reason)


def test_steps_run_in_order_and_are_counted_without_skipped_ones() -> None:
    context = diary()
    result = run(context, Step("a"), Step("b", skip=lambda _: True), Step("c"))
    assert result == {"success": True, "steps_executed": 2, "steps_total": 3}
    assert context.lines == ["execute a", "execute c"]
    assert [result.skipped for result in context.step_results] == [False, True, False]
    assert (context.current_step, context.current_step_order) == (None, None)
    assert context.runtime_ctx.logger.get_step() is None


def test_a_skipped_step_is_reported_complete_and_never_rolled_back() -> None:
    context = diary()
    with pytest.raises(RuntimeError):
        run(context, Step("a", skip=lambda _: True), Step("b", raising(ValueError("no"))))
    assert context.percents == [("a", 100)]
    assert context.lines == ["execute b", "rollback b"]


def test_a_step_sees_the_result_of_the_one_before() -> None:
    seen: list[object] = []

    def look(context: Diary) -> StepResult:
        seen.append(context.step_results[-1].data["output"])
        return StepResult()

    run(diary(), Step("a", lambda _: StepResult(data={"output": 7})), Step("b", look))
    assert seen == [7]


def test_a_failing_step_is_rolled_back_first_then_the_others_in_reverse() -> None:
    context = diary()
    with pytest.raises(RuntimeError, match=r"^Step 'c' failed: broken$"):
        run(context, Step("a"), Step("b"), Step("c", lambda _: fail("broken")), Step("d"))
    assert context.lines == ["execute a", "execute b", "execute c", "rollback c", "rollback b", "rollback a"]
    assert context.step_results[-1].error == "broken"
    assert context.current_step is None


def test_an_exception_keeps_type_traceback_and_cause() -> None:
    def work(_context: Diary) -> StepResult:
        try:
            dict[str, str]()["files"]
        except KeyError as error:
            raise FileNotFoundError("x.json") from error
        return StepResult()

    context = diary()
    with pytest.raises(StepFailed) as caught:
        run(context, Step("a", work))
    cause = caught.value.__cause__
    assert isinstance(cause, FileNotFoundError)
    assert isinstance(cause.__cause__, KeyError)
    assert traceback.extract_tb(cause.__traceback__)[-1].name == "work"
    result = context.step_results[-1]
    assert (result.error_type, result.error, result.exception) == ("FileNotFoundError", "x.json", cause)


def test_an_exception_without_a_text_is_the_cause_all_the_same() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise LookupError("no text")

    context = diary()
    with pytest.raises(StepFailed, match="gives no text") as caught:
        run(context, Step("a", raising(Mute())))
    assert isinstance(caught.value.__cause__, Mute)
    assert context.step_results[-1].error_type == "Mute"
    assert context.lines == ["execute a", "rollback a"]


def test_the_failure_is_one_of_ours_with_its_facts_and_survives_a_process_border() -> None:
    with pytest.raises(ExportkitError) as caught:
        run(diary(), Step("a", raising(ValueError())))
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, StepFailed)
    assert (again.step, again.error, again.exit_code) == ("a", "ValueError", 8)
    assert str(again) == "Step 'a' failed: ValueError"


def test_a_failed_result_with_its_own_exception_has_it_as_the_cause() -> None:
    reason = OSError("disk full")
    with pytest.raises(RuntimeError) as caught:
        run(diary(), Step("a", lambda _: StepResult(success=False, error="no", exception=reason)))
    assert caught.value.__cause__ is reason


@pytest.mark.parametrize("answer", [None, {"success": True}, True, "done"])
def test_an_answer_that_is_no_result_is_a_failure_that_says_so(answer: object) -> None:
    context = diary()
    with pytest.raises(RuntimeError, match=f"Step 'a' failed: .*StepResult.*{type(answer).__name__}"):
        run(context, Step("a", lambda _: answer))  # type: ignore[arg-type, return-value]
    assert context.lines == ["execute a", "rollback a"]


def test_a_can_skip_that_raises_rolls_back() -> None:
    def skip(_context: Diary) -> bool:
        raise KeyError("target")

    context = diary()
    with pytest.raises(RuntimeError, match="Step 'b' failed: 'target'") as caught:
        run(context, Step("a"), Step("b", skip=skip))
    assert isinstance(caught.value.__cause__, KeyError)
    assert context.lines == ["execute a", "rollback b", "rollback a"]


def test_a_before_step_that_raises_rolls_back() -> None:
    def before(name: str, _context: Diary) -> None:
        if name == "b":
            raise ValueError("no exporter")

    context = diary()
    with pytest.raises(RuntimeError, match="Step 'b' failed: no exporter"):
        run(context, Step("a"), Step("b"), before=before)
    assert context.lines == ["execute a", "rollback b", "rollback a"]


def test_before_step_comes_before_the_question_whether_to_skip() -> None:
    asked: list[str] = []

    def skip(_context: Diary) -> bool:
        asked.append("skip")
        return True

    run(diary(), Step("a", skip=skip), before=lambda name, _: asked.append(name))
    assert asked == ["a", "skip"]


@pytest.mark.parametrize("skipped", [False, True])
def test_a_callback_that_raises_rolls_back_what_was_begun(*, skipped: bool) -> None:
    context = diary()
    given: list[StepResult] = []

    def callback(_current: int, _total: int) -> None:
        if context.current_step == "b":
            raise ConnectionError("lost")

    steps = registry(
        Step("a"),
        Step(
            "b",
            lambda _: StepResult(rollback_data={"made": "x"}),
            skip=lambda _: skipped,
            undo=lambda _, result: given.append(result),
        ),
    )
    with pytest.raises(RuntimeError, match="Step 'b' failed: lost") as caught:
        Orchestrator(steps, context, callback).execute()
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert context.lines[-1] == "rollback a"
    assert [result.rollback_data for result in given] == ([] if skipped else [{"made": "x"}])


def test_a_rollback_that_raises_is_noted_and_the_others_still_run() -> None:
    def undo(_context: Diary, _result: StepResult) -> None:
        raise PermissionError("busy")

    context = diary()
    with pytest.raises(RuntimeError) as caught:
        run(context, Step("a"), Step("b", undo=undo), Step("c", raising(ValueError("no"))))
    assert context.lines[-3:] == ["rollback c", "rollback b", "rollback a"]
    assert context.errors == ["Rollback failed for step 'b'"]
    assert caught.value.__notes__ == ["Rollback failed for step 'b': PermissionError: busy"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_an_interrupt_rolls_back_and_goes_on_unchanged(error: BaseException) -> None:
    context = diary()
    with pytest.raises(type(error)) as caught:
        run(context, Step("a"), Step("b", raising(error)))
    assert caught.value is error
    assert context.lines == ["execute a", "execute b", "rollback b", "rollback a"]
    assert context.current_step is None


def test_a_workflow_inside_a_step_gives_the_step_back() -> None:
    def work(context: Diary) -> StepResult:
        run(context, Step("inner"))
        context.lines.append(f"then {context.current_step} {context.runtime_ctx.logger.get_step()}")
        return StepResult()

    context = diary()
    run(context, Step("outer", work))
    assert context.lines == ["execute outer", "execute inner", "then outer outer"]
    assert list(context.runtime_ctx.logger.step_proportions) == ["outer"]


def test_a_result_is_dated_in_utc() -> None:
    stamp = StepResult().timestamp
    assert stamp.utcoffset() == timedelta(0)


def test_plain_class_attributes_satisfy_name_and_weight() -> None:
    class Plain(BaseStep[Diary]):
        name = "plain"
        progress_weight = 0.3

        def execute(self, context: Diary) -> StepResult:
            return StepResult()

    assert run(diary(), Plain())["steps_executed"] == 1


def test_a_step_without_a_name_is_refused_when_it_is_made() -> None:
    class Nameless(BaseStep[Diary]):
        progress_weight = 0.3

        def execute(self, context: Diary) -> StepResult:
            return StepResult()

    with pytest.raises(TypeError, match="name"):
        Nameless()  # type: ignore[abstract]


def test_metrics_outside_a_step_need_one() -> None:
    context: BaseStepContext = diary()
    with pytest.raises(ValueError, match="step"):
        context.set_metrics({"success": 1})
    context.set_metrics({"success": 1}, "data_file")
    assert context.runtime_ctx.logger.get_metrics("data_file") == {"success": 1}


def test_an_interrupt_between_two_steps_rolls_back() -> None:
    class Interrupted(NoOpLogger):
        def set_step(self, step: str | None, order: int | None = None) -> None:
            if step == "b":
                raise KeyboardInterrupt
            super().set_step(step, order)

    context = diary()
    context.runtime_ctx.logger = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        run(context, Step("a"), Step("b"))
    assert context.lines[-1] == "rollback a"
    assert context.lines.count("rollback a") == 1


def test_an_orchestrator_that_runs_again_undoes_the_second_run_only() -> None:
    context = diary()
    trouble: list[Exception] = []

    def work(_context: Diary) -> StepResult:
        if trouble:
            raise trouble[0]
        return StepResult()

    orchestrator = Orchestrator(registry(Step("a"), Step("b", work)), context, lambda *_: None)
    orchestrator.execute()
    trouble.append(ValueError("no"))
    with pytest.raises(RuntimeError):
        orchestrator.execute()
    assert context.lines[4:] == ["rollback b", "rollback a"]
