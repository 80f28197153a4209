"""The pages about export actions say what the code does, and their samples run."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from tests.docs.test_samples import play, samples

from exportkit.actions import (
    BaseExporter,
    ExportAction,
    ExportContext,
    ExportParams,
    TargetHandlerFactory,
    export_action_of,
)
from exportkit.runtime import NoOpLogger, PluginEnvironment, RuntimeContext
from exportkit.steps import StepRegistry

PRACTICES = (
    "export-large-projects",
    "report-export-progress",
    "survive-bad-items",
    "check-before-returning",
    "keep-delegation-on",
    "stop-delegation-in-an-incident",
)


def table(checkout: Path, heading: str) -> list[list[str]]:
    """Cells of the rows below a heading that begin with a word in code."""
    text = (checkout / "docs/reference/actions.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    lines = text.split("\n## ")[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| `")]


@pytest.mark.parametrize("page", PRACTICES)
def test_the_samples_of_a_practice_run_as_they_stand(checkout: Path, tmp_path: Path, page: str) -> None:
    found = samples(checkout / f"docs/how-to/{page}.md")
    assert found
    for sample in found:
        play(sample, tmp_path)


def test_the_table_of_steps_is_the_registry(checkout: Path) -> None:
    registry: StepRegistry[ExportContext] = StepRegistry()
    params = ExportParams(name="a", storage=1, path="p", target="task", filter={})
    action: ExportAction = export_action_of(BaseExporter)(params, RuntimeContext(NoOpLogger(), PluginEnvironment()))
    action.setup_steps(registry)
    told = [(row[0].strip("`"), float(row[2]), int(row[3])) for row in table(checkout, "The nine steps")]
    assert told == [(step.name, step.progress_weight, step.progress_proportion) for step in registry.get_steps()]


def test_the_table_of_parameters_is_the_model(checkout: Path) -> None:
    told = {row[0].strip("`"): row[1] for row in table(checkout, "Parameters")}
    fields = ExportParams.model_fields
    assert told == {name: "required" if field.is_required() else str(field.default) for name, field in fields.items()}


def test_every_method_and_switch_of_the_exporter_is_as_the_page_says(checkout: Path) -> None:
    for row in table(checkout, "Exporter"):
        name, _, arguments = row[0].strip("`").partition("(")
        if not arguments:
            assert str(getattr(BaseExporter, name)) == row[1].strip("`")
            continue
        parameters = list(inspect.signature(getattr(BaseExporter, name)).parameters)[1:]
        assert arguments.rstrip(")").split(", ") == parameters


def test_the_table_of_targets_is_the_factory(checkout: Path) -> None:
    for target, handler, needed in table(checkout, "Targets"):
        found = TargetHandlerFactory.get_handler(target.strip("`"))
        assert type(found).__name__ == handler.strip("`")
        assert [word.strip("` ") for word in needed.split(" or ")] == list(found.required)
