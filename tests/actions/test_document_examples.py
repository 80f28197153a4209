"""Plugins that import synapse_sdk run unchanged: every example of the document, and some of real life (§20.A.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.actions.plugin_folder import FOLDERS, action_class, params_of, run_plugin_folder
from tests.runtime.test_logger import Notebook

from exportkit.testing import MemoryClient

Item = dict[str, Any]
pytestmark = pytest.mark.filterwarnings("ignore:.*in.process.*:DeprecationWarning")


def row(number: int, *categories: str) -> Item:
    annotations = [{"category": category, "bbox": [1, 2, 3, 4], "area": 12} for category in categories]
    return {
        "id": number,
        "data_unit": {"id": 10 + number, "name": f"img{number}.jpg", "width": 100, "height": 80},
        "data": {"annotations": annotations},
        "files": {"file_name_original": f"img{number}.jpg"},
    }


ROWS = [row(3, "car", "cat"), row(2), row(1, "car")]


class CustomClient(MemoryClient):
    """A backend with a call of its own."""

    def custom_api_call(self, filters: Item) -> list[Item]:
        assert filters == {"required_field": 1}
        return [{"id": 1, "x": 1}, {"id": 2, "x": 2}]


@pytest.fixture
def client(tmp_path: Path) -> MemoryClient:
    return CustomClient(
        assignments=ROWS,
        tasks=ROWS,
        ground_truths=ROWS,
        storages={1: tmp_path / "storage"},
        projects={1: {}, 123: {}},
    )


def tree(folder: Path) -> dict[str, str]:
    """Everything under an export but what only exportkit writes."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("exportkit-")
    }


def exported(tmp_path: Path, *, path: str = "exports", name: str = "try") -> dict[str, str]:
    return tree(tmp_path / "storage" / path / name)


@pytest.mark.parametrize("name", FOLDERS)
def test_every_plugin_runs(name: str, client: MemoryClient, tmp_path: Path) -> None:
    instead = {"output_dir": str(tmp_path / "out")} if name == "multi_format" else {}
    assert run_plugin_folder(name, client, instead) is not None


def test_the_simple_action_answers_its_items(client: MemoryClient) -> None:
    logger = Notebook()
    result = run_plugin_folder("simple", client, logger=logger)
    assert result == {"format": "coco", "exported_count": 3, "data": ROWS}
    progress = logger.get_progress("dataset_conversion")
    assert progress is not None
    assert progress.percent == 100.0


def test_steps_move_the_whole_by_their_weights(client: MemoryClient) -> None:
    logger = Notebook()
    result = run_plugin_folder("steps", client, logger=logger)
    assert result["success"]
    assert (result["steps_executed"], result["steps_total"], result["exported_count"]) == (3, 3, 3)
    assert result["output_path"] == "/tmp/export_output.json"
    record = logger.get_progress_record()
    assert record is not None
    assert {name: step["proportion"] for name, step in record["record"]["steps"].items()} == {
        "fetch_data": 20,
        "convert_format": 60,
        "save_output": 20,
    }
    assert record["current_progress"]["overall"] == 100.0


def test_a_failing_step_rolls_the_others_back(client: MemoryClient, tmp_path: Path) -> None:
    made = tmp_path / "made.json"

    with action_class("steps") as cls:
        from exportkit.actions import ExportContext
        from exportkit.steps import BaseStep, StepRegistry, StepResult

        class Broken(BaseStep[ExportContext]):
            name = "broken"
            progress_weight = 0.1

            def execute(self, context: ExportContext) -> StepResult:
                made.write_text("{}", encoding="utf-8")
                context.output_path = str(made)
                raise KeyError("category")

        class Failing(cls):  # type: ignore[misc, valid-type]
            def setup_steps(self, registry: StepRegistry[ExportContext]) -> None:
                super().setup_steps(registry)
                registry.register(Broken())

        from exportkit.runtime import PluginEnvironment, RuntimeContext

        context = RuntimeContext(logger=Notebook(), env=PluginEnvironment(), client=client)
        with pytest.raises(RuntimeError, match="Step 'broken' failed: 'category'") as caught:
            Failing.dispatch(params_of("steps"), context)
    assert isinstance(caught.value.__cause__, KeyError)
    assert not made.exists()


def test_the_coco_action_numbers_categories(client: MemoryClient) -> None:
    result = run_plugin_folder("coco", client)
    assert (result["exported_count"], result["annotation_count"]) == (3, 3)
    assert result["data"]["categories"] == [{"id": 0, "name": "car"}, {"id": 1, "name": "cat"}]
    assert result["data"]["images"][0] == {"id": 13, "file_name": "img3.jpg", "width": 100, "height": 80}


@pytest.mark.parametrize(
    ("wanted", "file", "text"),
    [
        ("coco", "annotations.json", '{\n  "format": "coco",\n  "images": [],\n  "annotations": []\n}'),
        ("yolo", None, "[]"),
        ("csv", None, "id,label,x,y,width,height\n"),
    ],
)
def test_the_multi_format_action_hands_results_from_step_to_step(
    wanted: str, file: str | None, text: str, client: MemoryClient, tmp_path: Path
) -> None:
    result = run_plugin_folder("multi_format", client, {"output_format": wanted, "output_dir": str(tmp_path / "out")})
    assert (result["exported_count"], result["steps_executed"]) == (3, 3)
    written = Path(result["output_path"])
    assert written.read_text(encoding="utf-8") == text
    assert file is None or written.name == file


def test_partial_errors_are_told_and_the_rest_goes_on(client: MemoryClient) -> None:
    result = run_plugin_folder("partial_errors", client)
    assert (result["exported_count"], result["status"]) == (2, "partial")


@pytest.mark.parametrize(
    ("name", "method"),
    [("target_assignment", "assignment"), ("target_ground_truth", "ground_truth"), ("target_task", "task")],
)
def test_all_rows_of_a_target_are_seen(name: str, method: str, client: MemoryClient) -> None:
    assert run_plugin_folder(name, client) == {"ids": [3, 2, 1], "total": 3}
    assert any(call == "rows" and facts[0] == method for call, facts in client.calls)


def test_generators_and_intervals_process_every_row(client: MemoryClient) -> None:
    assert run_plugin_folder("generators", client) == {"processed": 3, "total": 3}
    assert run_plugin_folder("progress_interval", client) == {"processed": 3, "interval": 1}


def test_the_custom_exporter_saves_the_mapping_and_its_metadata(client: MemoryClient, tmp_path: Path) -> None:
    result = run_plugin_folder("my_export", client, {"save_original_file": False})
    files = exported(tmp_path, path="exports/my-export", name="My Export")
    assert sorted(files) == ["labels/img1.json", "labels/img2.json", "labels/img3.json", "metadata.json"]
    assert json.loads(files["labels/img1.json"]) == {
        "id": 1,
        "filename": "img1.jpg",
        "annotations": ROWS[2]["data"]["annotations"],
    }
    assert json.loads(files["metadata.json"]) == {"export_name": "My Export", "total_items": 3, "format_version": "1.0"}
    assert (result["exported_count"], result["failed_count"], result["total_count"]) == (3, 0, 3)
    assert Path(result["output_path"]) == tmp_path / "storage" / "exports/my-export" / "My Export"


def test_an_original_that_cannot_be_had_is_counted_and_the_label_stays(client: MemoryClient, tmp_path: Path) -> None:
    run_plugin_folder("my_export", client)
    files = exported(tmp_path, path="exports/my-export", name="My Export")
    assert len([name for name in files if name.startswith("labels/")]) == 3
    assert len(json.loads(files["error_file_list.json"])["origin_file_name"]) == 3


def test_the_run_adapter_takes_both_keywords(client: MemoryClient) -> None:
    logger = Notebook()
    run_plugin_folder("run_adapter", client, logger=logger)
    assert "Processing item..." in [data.get("content") for _, data, _, _ in logger.entries]
    assert logger.get_metrics("original_file")["stand_by"] == 100
    assert logger.get_metrics("mine") == {"stand_by": 100, "success": 0, "failed": 0}
    events = [data for event, data, _, _ in logger.entries if event == "export_original_file"]
    assert events[0]["target_id"] == 7
    assert json.loads(events[0]["data_file_info"]) == {"file_name": "a.json"}


def test_a_target_of_the_plugins_own_is_asked_with_its_own_signature(client: MemoryClient, tmp_path: Path) -> None:
    result = run_plugin_folder("custom_target", client)
    assert (result["exported_count"], result["total_count"]) == (2, 2)
    assert sorted(exported(tmp_path)) == ["labels/1.json", "labels/2.json"]


def test_a_filter_that_the_plugin_refuses_stops_before_anything_is_written(
    client: MemoryClient, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="required_field is required"):
        run_plugin_folder("custom_target", client, {"filter": {}})
    assert not (tmp_path / "storage").exists()


def test_fields_of_a_params_subclass_reach_the_exporter(client: MemoryClient, tmp_path: Path) -> None:
    run_plugin_folder("flat_labels", client)
    files = exported(tmp_path)
    assert sorted(files) == ["img1.json", "img2.json", "img3.json"]
    assert json.loads(files["img3.json"]) == {"boxes": [[1, 2, 3, 4]], "n": 1}


def test_saving_of_ones_own_is_counted(client: MemoryClient, tmp_path: Path) -> None:
    result = run_plugin_folder("own_saving", client)
    assert exported(tmp_path)["texts/3.txt"] == "car\ncat"
    assert (result["exported_count"], result["status"]) == (3, "complete")


def test_one_file_for_all_items_is_written_for_an_empty_export_too(client: MemoryClient, tmp_path: Path) -> None:
    run_plugin_folder("aggregate", client)
    assert json.loads(exported(tmp_path)["classes.json"]) == {"car": 2, "cat": 1}
    empty = MemoryClient(storages={1: tmp_path / "storage"}, projects={1: {}})
    run_plugin_folder("aggregate", empty, {"name": "none"})
    assert exported(tmp_path, name="none") == {"classes.json": "{}"}


def test_stems_of_a_manifest_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    def named(rows: list[Item], storage: Path) -> dict[str, str]:
        client = MemoryClient(tasks=rows, storages={1: storage}, projects={1: {}})
        run_plugin_folder("stem_manifest", client)
        return tree(storage / "exports" / "try")

    twins = [{**row(number, "car"), "files": {"file_name_original": "same.jpg"}} for number in (1, 2, 3)]
    assert named(twins, tmp_path / "a") == named(twins[::-1], tmp_path / "b")
    assert len(named(twins, tmp_path / "c")) >= 3


def test_a_handler_in_the_newer_manner_gets_its_keywords(client: MemoryClient) -> None:
    logger = Notebook()
    result = run_plugin_folder("release_handler", client, logger=logger)
    assert result["exported_count"] == 3
    assert "originals: False, page size 10, True" in [data.get("content") for _, data, _, _ in logger.entries]


def test_rows_of_ones_own_need_no_client() -> None:
    assert run_plugin_folder("no_source", None) == [0, 1, 2]


def test_an_action_that_needs_a_client_says_so() -> None:
    with pytest.raises(RuntimeError, match="No client in runtime context"):
        run_plugin_folder("simple", None)


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("own_base", {"category": "export", "project_id": 1}),
        ("own_context", {"success": True, "steps_executed": 1, "steps_total": 1, "exported_count": 3}),
        ("own_exporter", {"items": [3, 2, 1], "params": {"name": "try", "count": 3}}),
        ("export_status", {"values": ["success", "failed", "stand_by"], "same": True}),
        ("handler_factory", {"handler": "TaskExportTargetHandler", "ids": [3, 2, 1], "total": 3}),
        ("client_and_progress", {"total": 3}),
    ],
)
def test_small_examples_answer_what_they_show(name: str, result: Item, client: MemoryClient) -> None:
    assert run_plugin_folder(name, client) == result
