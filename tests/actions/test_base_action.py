"""What every action of a plugin is (SDK behaviour §4)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, ValidationInfo, field_validator
from tests.runtime.test_logger import Notebook

from exportkit.actions import BaseAction, NoResult, validate_result
from exportkit.actions.base import P
from exportkit.runtime import LogLevel, PluginEnvironment, RuntimeContext


class Params(BaseModel):
    project: int
    name: str = "x"


class Result(BaseModel):
    value: int


class Double(BaseAction[Params]):
    action_name = "double"

    def execute(self) -> dict[str, Any]:
        return {"value": 2 * self.params.project, "config": self.config}


def context(client: object = None) -> RuntimeContext:
    return RuntimeContext(logger=Notebook(), env=PluginEnvironment(), client=client)


def entries(ctx: RuntimeContext) -> list[tuple[str, Any]]:
    assert isinstance(ctx.logger, Notebook)
    return [(event, data) for event, data, _, _ in ctx.logger.entries]


def test_params_are_validated_and_the_result_comes_back() -> None:
    assert Double.dispatch({"project": "3"}, context()) == {"value": 6, "config": {}}
    assert Double.dispatch({"project": 3}, context(), config={"a": 1}) == {"value": 6, "config": {"a": 1}}
    with pytest.raises(ValidationError, match="project"):
        Double.dispatch({}, context())


def test_validators_find_the_client_in_both_places() -> None:
    seen: list[object] = []

    class Asking(BaseModel):
        storage: int

        @field_validator("storage")
        @classmethod
        def ask(cls, value: int, info: ValidationInfo) -> int:
            assert info.context is not None
            seen.extend([info.context["client"], info.context["action"].client])
            return value

    class Ask(BaseAction[Asking]):
        def execute(self) -> None:
            return None

    Ask.dispatch({"storage": 1}, context("the client"))
    assert seen == ["the client", "the client"]


def test_the_model_comes_from_the_argument_the_body_or_a_base() -> None:
    class Generic(BaseAction[P]):
        def execute(self) -> None:
            return None

    class ByArgument(Generic[Result]):
        pass

    class ByBody(Generic[Result]):
        params_model = Params  # type: ignore[assignment]

    class Inherited(ByBody):
        pass

    classes: list[Any] = [Double, ByArgument, ByBody, Inherited]
    assert [cls.params_model for cls in classes] == [Params, Result, Params, Params]
    with pytest.raises(TypeError, match="Generic has no params_model"):
        Generic.dispatch({}, context())


def test_an_action_without_execute_cannot_be_made() -> None:
    class Idle(BaseAction[Params]):
        pass

    with pytest.raises(TypeError, match="execute"):
        Idle(Params(project=1), context())  # type: ignore[abstract]


def test_run_may_be_overridden() -> None:
    class Twice(Double):
        def run(self) -> Any:
            return [self.execute()["value"], self.execute()["value"]]

    assert Twice.dispatch({"project": 1}, context()) == [2, 2]


def test_signals_go_to_the_context() -> None:
    ctx = context()
    action = Double(Params(project=1), ctx)
    action.log("event", {"a": 1})
    action.log_message("hello {who}", LogLevel.WARNING, who="x")
    action.log_metric("train", "loss", 0.1)
    action.log_visualization("val", "g", 0, "/x.png")
    action.set_progress(1, 2, "dataset_conversion")
    action.set_progress(1, 4, category="older")
    action.set_metrics({"success": 1}, "data_file")
    assert [event for event, _ in entries(ctx)] == ["event", "message", "metric", "visualization"]
    assert entries(ctx)[1][1] == {"content": "hello x"}
    percents = [action.logger.get_progress(step) for step in ("dataset_conversion", "older")]
    assert [progress and progress.percent for progress in percents] == [50.0, 25.0]
    assert action.logger.get_metrics("data_file") == {"success": 1}


@pytest.mark.parametrize("result", [{"value": "x"}, {}, [1], None, "text"])
def test_a_result_that_does_not_fit_warns_and_comes_back_as_it_is(result: object) -> None:
    class Odd(BaseAction[Params]):
        result_model = Result

        def execute(self) -> object:
            return result

    ctx = context()
    assert Odd.dispatch({"project": 1}, ctx) is result
    assert len(entries(ctx)) == 1
    assert "Result" in entries(ctx)[0][1]["content"]


@pytest.mark.parametrize("result", [{"value": 1}, Result(value=1)])
def test_a_result_that_fits_says_nothing(result: object) -> None:
    logger = Notebook()
    assert validate_result(result, Result, logger) is result
    assert validate_result(result, NoResult, logger) is result
    assert logger.entries == []
