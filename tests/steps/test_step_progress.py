"""What steps count in the progress of the whole (SDK behaviour §3, wire contract §14)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.steps.workflow import Diary, Step, diary, raising, registry, run

from exportkit.steps import LoggingStep, StepResult, TimingStep, ValidationStep


def overall(context: Diary) -> float:
    record = context.runtime_ctx.logger.get_progress_record()
    assert record is not None
    value: float = record["current_progress"]["overall"]
    return value


def report(context: Diary, current: int, total: int) -> None:
    context.set_progress(current, total)


def reporting(seen: list[float], *marks: tuple[int, int]) -> Any:
    def work(context: Diary) -> StepResult:
        for current, total in marks:
            report(context, current, total)
            seen.append(overall(context))
        return StepResult()

    return work


def run_with_progress(context: Diary, *steps: Step) -> None:
    from exportkit.steps import Orchestrator

    Orchestrator(registry(*steps), context, context.set_progress).execute()


def test_weights_alone_move_the_whole() -> None:
    seen: list[float] = []
    context = diary()
    run_with_progress(
        context,
        Step("fetch", reporting(seen, (5, 10)), weight=0.2),
        Step("convert", reporting(seen, (1, 4)), weight=0.6),
        Step("save", reporting(seen, (1, 2)), weight=0.2),
    )
    assert seen == [10.0, 35.0, 90.0]
    assert overall(context) == 100.0


def test_weights_that_do_not_sum_to_one_are_divided_by_their_sum() -> None:
    assert registry(Step("a", weight=3), Step("b", weight=1)).progress_shares() == {"a": 75.0, "b": 25.0}


def test_steps_without_any_weight_share_evenly() -> None:
    shares = registry(Step("a", weight=0), Step("b", weight=-1)).progress_shares()
    assert shares == {"a": 50.0, "b": 50.0}


def test_one_proportion_makes_all_count_by_proportion_and_hides_steps_without() -> None:
    context = diary()
    run_with_progress(context, Step("a", proportion=30), Step("b"), Step("c", proportion=70))
    record = context.runtime_ctx.logger.get_progress_record()
    assert record is not None
    assert {name: step["proportion"] for name, step in record["record"]["steps"].items()} == {"a": 30, "c": 70}
    assert record["record"]["steps"]["c"]["order"] == 2
    assert overall(context) == 100.0


def test_a_step_without_proportion_is_not_reported() -> None:
    context = diary()
    run(context, Step("a", proportion=30), Step("b"), Step("c", proportion=70))
    assert context.percents == [("a", 100), ("c", 100)]


def test_progress_of_a_step_never_decreases() -> None:
    seen: list[float] = []
    run_with_progress(diary(), Step("a", reporting(seen, (8, 10), (8, 20), (0, 20), (20, 20))))
    assert seen == [80.0, 80.0, 80.0, 100.0]


def test_a_key_of_the_plugin_is_recorded_and_moves_nothing() -> None:
    def work(context: Diary) -> StepResult:
        context.set_progress(1, 2)
        context.set_progress(9, 10, "dataset_conversion")
        return StepResult()

    context = diary()
    with pytest.raises(RuntimeError):
        run_with_progress(context, Step("a", work), Step("b", raising(ValueError("stop"))))
    record = context.runtime_ctx.logger.get_progress_record()
    assert record is not None
    assert record["record"]["steps"]["dataset_conversion"]["proportion"] == 0
    assert record["record"]["steps"]["dataset_conversion"]["percent"] == 90.0
    assert overall(context) == 50.0


def test_wrappers_pass_on_weight_proportion_skipping_and_rollback() -> None:
    context = diary()
    timed = TimingStep(LoggingStep(Step("a", weight=0.25, proportion=40)))
    skipped = LoggingStep(Step("b", skip=lambda _: True))
    assert (timed.name, timed.progress_weight, timed.progress_proportion) == ("timed_logged_a", 0.25, 40)
    with pytest.raises(RuntimeError, match="Step 'logged_c' failed: no"):
        run(context, timed, skipped, LoggingStep(Step("c", raising(ValueError("no")))))
    assert context.lines == ["execute a", "execute c", "rollback c", "rollback a"]
    assert context.step_results[0].data["duration_seconds"] >= 0
    assert context.step_results[1].skipped


def test_a_validation_step_fails_with_the_validators_reason() -> None:
    context = diary()
    assert ValidationStep(lambda _: (True, None)).name == "validate"
    assert ValidationStep(lambda _: (True, None)).progress_weight == 0.05
    run(context, ValidationStep[Diary](lambda _: (True, None)))
    with pytest.raises(RuntimeError, match="Step 'validate_data' failed: No data loaded"):
        run(context, ValidationStep[Diary](lambda _: (False, "No data loaded"), name="validate_data"))
