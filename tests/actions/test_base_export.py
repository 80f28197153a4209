"""Simple mode, step mode, and what a failed run tells."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.actions.workshop import Listener, context, params, rows, run

from exportkit.actions import (
    BaseExportAction,
    BaseExporter,
    DefaultExportAction,
    ExportAction,
    ExportContext,
    ExportParams,
    export_action_of,
)
from exportkit.clients import FolderClient
from exportkit.errors import StepFailed, UsageError
from exportkit.runtime import ExportLogMessageCode, LogLevel, PluginCategory
from exportkit.steps import BaseStep, StepRegistry, StepResult
from exportkit.testing import MemoryClient


class Params(BaseModel):
    project_id: int = 1
    filters: dict[str, Any] = {}


class Simple(BaseExportAction[Params]):
    action_name = "simple"

    def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, int]:
        return self.client.get_assignments(filters)  # type: ignore[no-any-return]

    def execute(self) -> dict[str, Any]:
        results, total = self.get_filtered_results({"project": self.params.project_id})
        self.set_progress(0, total, self.progress.DATASET_CONVERSION)
        exported = []
        for number, item in enumerate(results, 1):
            exported.append(item)
            self.set_progress(number, total, self.progress.DATASET_CONVERSION)
        return {"exported_count": len(exported)}


@pytest.mark.parametrize("count", [0, 1, 7])
def test_simple_mode_runs_for_any_params_and_any_number_of_items(count: int) -> None:
    logger = Listener()
    assert Simple.dispatch({}, context(MemoryClient(assignments=rows(count)), logger)) == {"exported_count": count}
    assert {step for step, *_ in logger.progressed} <= {"dataset_conversion"}


def test_without_a_client_the_reason_is_plain() -> None:
    with pytest.raises(RuntimeError, match="No client in runtime context"):
        Simple.dispatch({}, context(None))


def test_an_action_that_brings_its_own_rows_needs_no_client() -> None:
    class Own(Simple):
        def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, int]:
            return iter(rows(4)), 4

    assert Own.dispatch({}, context(None)) == {"exported_count": 4}


def test_an_export_is_of_the_category_export() -> None:
    assert Simple.category is PluginCategory.EXPORT
    assert Simple.get_log_message_code_class() is ExportLogMessageCode


def test_an_action_with_neither_steps_nor_execute_says_so() -> None:
    class Empty(BaseExportAction[Params]):
        pass

    with pytest.raises(NotImplementedError, match="Empty has neither steps"):
        Empty.dispatch({}, context(None))
    with pytest.raises(NotImplementedError, match="get_filtered_results"):
        Empty(Params(), context(None)).get_filtered_results({})


class Fetch(BaseStep[ExportContext]):
    name = "fetch"
    progress_weight = 0.25

    def execute(self, context: ExportContext) -> StepResult:
        context.results, context.total_count = context.client.get_assignments(context.params.get("filters", {}))
        return StepResult(data={"fetched": context.total_count})


class Convert(BaseStep[ExportContext]):
    name = "convert"
    progress_weight = 0.75

    def execute(self, context: ExportContext) -> StepResult:
        assert context.results is not None
        context.exported_count = sum(1 for _ in context.results)
        context.output_path = "somewhere"
        if context.exported_count == 3:
            context.errors.append("Item 2: odd")
        return StepResult(data=context.step_results[-1].data)


class Stepwise(BaseExportAction[Params]):
    def setup_steps(self, registry: StepRegistry[ExportContext]) -> None:
        registry.register(Fetch())
        registry.register(Convert())

    def execute(self) -> Any:
        raise AssertionError


def test_steps_take_precedence_and_their_counts_are_the_result() -> None:
    result = Stepwise.dispatch({}, context(MemoryClient(assignments=rows(2))))
    assert result == {
        "success": True,
        "steps_executed": 2,
        "steps_total": 2,
        "exported_count": 2,
        "failed_count": 0,
        "total_count": 2,
        "output_path": "somewhere",
        "status": "complete",
        "unique_export_path": "somewhere",
        "reconcile": {},
    }


def test_texts_in_errors_make_a_run_partial_and_stay_readable() -> None:
    action = Stepwise(Params(), context(MemoryClient(assignments=rows(3))))
    assert action.run()["status"] == "partial"
    assert action.context is not None
    assert action.context.errors == ["Item 2: odd"]


def test_progress_follows_the_weights_of_the_steps() -> None:
    logger = Listener()
    Stepwise.dispatch({}, context(MemoryClient(assignments=rows(2)), logger))
    record = logger.get_progress_record()
    assert record is not None
    assert {name: step["proportion"] for name, step in record["record"]["steps"].items()} == {
        "fetch": 25,
        "convert": 75,
    }


def test_parameters_of_a_subclass_reach_the_exporter(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    class Mine(ExportParams):
        flavour: str = "plain"
        size: int = 1

    class Looking(BaseExporter):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            seen.update(more)

    class Action(ExportAction):
        params_model = Mine
        entrypoint = Looking

    run(Looking, tmp_path, rows(1), action=Action, flavour="sweet", extra_params={"size": 3, "other": 4})
    assert (seen["flavour"], seen["size"], seen["other"]) == ("sweet", 1, 4)


def test_an_execute_of_ones_own_runs_instead_of_the_steps_and_not_in_the_default_action(tmp_path: Path) -> None:
    class Own(ExportAction):
        entrypoint = BaseExporter

        def execute(self) -> Any:
            return "mine"

    class Steps(DefaultExportAction):
        entrypoint = BaseExporter

        def execute(self) -> Any:
            raise AssertionError

    ctx = context(MemoryClient(tasks=rows(1), storages={1: tmp_path}))
    assert Own.dispatch(params(), ctx) == "mine"
    assert run(BaseExporter, tmp_path, rows(1), action=Steps)["steps_executed"] == 6


def test_execute_of_an_export_action_runs_the_nine_steps(tmp_path: Path) -> None:
    ctx = context(MemoryClient(tasks=rows(1), storages={1: tmp_path}))
    action = export_action_of(BaseExporter)(ExportParams(**params()), ctx)
    with pytest.warns(DeprecationWarning, match="in process"):
        assert action.execute()["steps_total"] == 9


def test_an_entry_point_that_is_no_exporter_is_named(tmp_path: Path) -> None:
    ctx = context(MemoryClient(tasks=rows(1), storages={1: tmp_path}))
    with pytest.raises(UsageError, match="ExportAction needs an entrypoint"):
        ExportAction.dispatch(params(), ctx)


def test_an_entry_point_may_be_a_property_and_results_may_be_ones_own(tmp_path: Path) -> None:
    class Own(ExportAction):
        @property
        def entrypoint(self) -> Any:
            return BaseExporter

        def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, int]:  # type: ignore[override]
            return iter(rows(2)), 2

    assert run(BaseExporter, tmp_path, action=Own)["exported_count"] == 2


def test_all_steps_are_registered_whatever_was_decided() -> None:
    registry: StepRegistry[ExportContext] = StepRegistry()
    export_action_of(BaseExporter)(ExportParams(**params()), context(None)).setup_steps(registry)
    steps = registry.get_steps()
    assert [step.name for step in steps] == [
        *("initialize", "fetch_results", "prepare_export"),
        *("delegate_enqueue", "delegate_stream_progress", "bundle_read"),
        *("convert_data", "save_files", "finalize"),
    ]
    assert registry.total_weight == pytest.approx(1)
    assert sum(registry.get_step_proportions().values()) == 100


def test_a_failure_is_told_once_even_where_a_step_told_it(tmp_path: Path) -> None:
    class Telling(BaseExporter):
        def additional_file_saving(self, unique_export_path: Path) -> None:
            raise ValueError("odd")

    class Told(export_action_of(Telling)):  # type: ignore[misc]
        def _before_step(self, name: str, context: ExportContext) -> None:
            super()._before_step(name, context)
            if name == "save_files":
                context.log_message(ExportLogMessageCode.EXPORT_FAILED_PLUGIN)
                context.mark_user_failure_emitted()

    logger = Listener()
    with pytest.raises(StepFailed):
        run(Telling, tmp_path, rows(1), action=Told, logger=logger)
    assert [key for key in logger.message_keys() if "FAILED" in key] == ["EXPORT_FAILED_PLUGIN"]


def test_each_run_leaves_its_events(tmp_path: Path) -> None:
    logger = Listener()
    run(BaseExporter, tmp_path, rows(2), logger=logger)
    assert [event["count"] for event in logger.events("export_info")] == [2]
    assert [event["count"] for event in logger.events("export_completed")] == [2]
    assert logger.events("export_failed") == []
    assert logger.message_keys()[-1] == "EXPORT_COMPLETED"
    with pytest.raises(StepFailed):
        run(BaseExporter, tmp_path, [{"id": 1, "data": None}], logger=logger)
    (failed,) = logger.events("export_failed")
    assert "All 1 items failed" in failed["error"]


def test_the_context_is_built_in_the_order_that_the_sdk_has() -> None:
    names = [field.name for field in fields(ExportContext) if field.init]
    assert names[:38] == [
        "runtime_ctx",
        "step_results",
        "errors",
        "params",
        "results",
        "total_count",
        "exported_count",
        "failed_count",
        "output_path",
        "export_items",
        "path_root",
        "storage",
        "configuration",
        "project_id",
        "handler",
        "unique_export_path",
        "label_output_dirname",
        "sdk_managed_original_files",
        "output_paths",
        "export_params",
        "exporter",
        "converted_items",
        "errors_json",
        "errors_original",
        "filename_collision_count",
        "written_file_count",
        "page_failures",
        "config",
        "fetch_filters",
        "last_completed_item",
        "rebuild_converted_items",
        "delegation_count",
        "async_job_id",
        "delegation_terminal_detail",
        "delegation_manifest",
        "export_shards",
        "delegation_shard_manifests",
        "delegation_decision",
    ]


def test_a_count_that_nobody_knows_is_said_and_not_guessed(tmp_path: Path) -> None:
    class Unknown(export_action_of(BaseExporter)):  # type: ignore[misc]
        def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, Any]:
            return iter(rows(3)), None

    class Wrong(export_action_of(BaseExporter)):  # type: ignore[misc]
        def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, Any]:
            return iter(rows(3)), 0

    for action in (Unknown, Wrong):
        logger = Listener()
        result = run(BaseExporter, tmp_path, action=action, logger=logger)
        assert (result["exported_count"], result["count_verified"]) == (3, False)
        told = [data["content"] for event, data, _, level in logger.entries if level is LogLevel.WARNING]
        assert any("how many rows" in text for text in told)


def test_an_export_that_brings_its_own_rows_needs_a_folder_and_nobody_to_ask(tmp_path: Path) -> None:
    class Own(export_action_of(BaseExporter)):  # type: ignore[misc]
        def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, int]:
            return iter(rows(2)), 2

    result = Own.dispatch(params(filter={}), context(FolderClient(tmp_path)))
    assert (result["exported_count"], result["output_path"]) == (2, str(tmp_path / "exports/mine"))
