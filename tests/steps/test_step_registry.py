"""The ordered steps of a workflow, every name once (SDK behaviour §3)."""

from __future__ import annotations

import pytest
from tests.steps.workflow import Step, registry


def names(steps: object) -> list[str]:
    return [step.name for step in steps.get_steps()]  # type: ignore[attr-defined]


def test_steps_are_put_before_and_after_others() -> None:
    steps = registry(Step("a"), Step("c"))
    steps.insert_after("a", Step("b"))
    steps.insert_before("a", Step("z"))
    steps.insert_after("c", Step("d"))
    assert names(steps) == ["z", "a", "b", "c", "d"]
    assert steps.get_step_orders() == {"z": 0, "a": 1, "b": 2, "c": 3, "d": 4}


def test_an_unknown_place_is_an_error() -> None:
    steps = registry(Step("a"))
    with pytest.raises(ValueError, match=r"^Step 'x' not found$"):
        steps.insert_after("x", Step("b"))
    with pytest.raises(ValueError, match=r"^Step 'x' not found$"):
        steps.insert_before("x", Step("b"))
    assert names(steps) == ["a"]


def test_a_name_is_taken_once() -> None:
    steps = registry(Step("a"))
    with pytest.raises(ValueError, match="'a' is already registered"):
        steps.register(Step("a"))
    with pytest.raises(ValueError, match="'a' is already registered"):
        steps.insert_before("a", Step("a"))
    assert len(steps) == 1


def test_unregistering_an_absent_step_does_nothing() -> None:
    steps = registry(Step("a"), Step("b"))
    steps.unregister("x")
    steps.unregister("a")
    assert names(steps) == ["b"]


def test_the_list_of_steps_is_a_copy() -> None:
    steps = registry(Step("a"))
    steps.get_steps().clear()
    assert len(steps) == 1


def test_an_empty_registry_is_false() -> None:
    assert not registry()
    assert registry(Step("a"))


def test_weights_and_proportions_are_told() -> None:
    steps = registry(Step("a", weight=0.2, proportion=5), Step("b", weight=0.3))
    assert steps.total_weight == pytest.approx(0.5)
    assert steps.get_step_proportions() == {"a": 5}
