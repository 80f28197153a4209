"""Handlers ask for everything under known keys, and hand out items by the wire contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.actions.workshop import row, rows

from exportkit.actions import (
    AssignmentExportTargetHandler,
    ExportTargetHandler,
    GroundTruthExportTargetHandler,
    TargetHandlerFactory,
    TaskExportTargetHandler,
    target_factory,
)
from exportkit.clients import CountedRows
from exportkit.errors import FilterRefused
from exportkit.plugins import PluginManager
from exportkit.testing import MemoryClient


class Recorder:
    """A client that notes what it was asked."""

    def __init__(self, answer: Any = ((), 0)) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        def call(params: dict[str, Any] | None = None, **more: Any) -> Any:
            self.asked.append((name, {**(params or {}), **more}))
            return self._answer

        return call


@pytest.mark.parametrize(
    ("target", "filters", "method", "sent"),
    [
        ("task", {"project": 1}, "list_tasks", {"page_size": 50, "ordering": "-id", "expand": ["data_unit"]}),
        ("assignment", {"project": 1}, "list_assignments", {"page_size": 100, "ordering": "-id", "expand": "data"}),
        (
            "ground_truth",
            {"ground_truth_dataset_version": 4},
            "list_ground_truth_events",
            {"page_size": 200, "ordering": "-pgh_id", "expand": "data", "ground_truth_dataset_versions": [4]},
        ),
    ],
)
def test_a_target_is_listed_whole_by_a_unique_key(
    target: str, filters: dict[str, Any], method: str, sent: dict[str, Any]
) -> None:
    client = Recorder()
    TargetHandlerFactory.get_handler(target).get_results(client, filters)
    ((asked, params),) = client.asked
    assert asked == method
    assert params.items() >= {**sent, "response_mode": "presigned", "pagination": "cursor", "list_all": True}.items()
    assert "ground_truth_dataset_version" not in params


def test_what_the_caller_gives_wins_where_it_may() -> None:
    client = Recorder()
    TaskExportTargetHandler().get_results(client, {"project": 1, "page_size": 7, "response_mode": "inline"})
    assert client.asked[0][1]["page_size"] == 7
    assert client.asked[0][1]["response_mode"] == "inline"


@pytest.mark.parametrize("size", [0, 1001, -1, "7", 1.5, True])
def test_a_page_size_that_no_server_takes_is_refused(size: Any) -> None:
    with pytest.raises(ValueError, match="page_size"):
        TaskExportTargetHandler().get_results(Recorder(), {"project": 1, "page_size": size})
    with pytest.raises(ValueError, match="export_page_size"):
        TaskExportTargetHandler({"export_page_size": 1001})


def test_numbers_rise_from_class_over_environment_to_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TaskExportTargetHandler().EXPORT_PAGE_SIZE == 50
    monkeypatch.setenv("SYNAPSE_EXPORT_PAGE_SIZE", "60")
    assert TaskExportTargetHandler().EXPORT_PAGE_SIZE == 60
    assert TaskExportTargetHandler({"export_page_size": 70}).EXPORT_PAGE_SIZE == 70
    monkeypatch.setenv("SYNAPSE_EXPORT_PAGE_SIZE", "many")
    with pytest.raises(ValueError, match="SYNAPSE_EXPORT_PAGE_SIZE"):
        TaskExportTargetHandler()


@pytest.mark.parametrize("ordering", ["-created", "id", "created"])
def test_an_ordering_that_could_lose_rows_is_refused(ordering: str) -> None:
    client = Recorder()
    for handler in (TaskExportTargetHandler(), AssignmentExportTargetHandler()):
        with pytest.raises(FilterRefused, match="unique"):
            handler.get_results(client, {"project": 1, "ordering": ordering})
    assert client.asked == []


def test_an_unsupported_key_is_refused_with_the_supported_ones() -> None:
    client = Recorder()
    with pytest.raises(ValueError, match=r"'colour' is not supported for task; supported: .*has_assignment"):
        TaskExportTargetHandler().get_results(client, {"project": 1, "colour": "red"})
    assert client.asked == []


def test_resuming_goes_on_below_the_last_item_and_not_for_ground_truth() -> None:
    assert TaskExportTargetHandler().resume_cursor({"id": 7}) == {"id__lt": 7}
    assert TaskExportTargetHandler().resume_cursor(None) is None
    assert TaskExportTargetHandler().resume_cursor({"id": "x"}) is None
    assert GroundTruthExportTargetHandler().resume_cursor({"id": 7}) is None


# -- items -------------------------------------------------------------------------------------------------

SECOND = {"url": "https://h/b.jpg", "file_name_original": "b.jpg", "is_primary": True}
FIRST = {"url": "https://h/a.jpg", "file_name_original": "a.jpg"}


@pytest.mark.parametrize(
    ("target", "given", "files", "names"),
    [
        ("task", {"data_unit": {"files": {"image_1": FIRST, "image_2": SECOND}}}, SECOND, ["image_1", "image_2"]),
        ("task", {"data_unit": {"files": {"image_1": FIRST}}}, FIRST, ["image_1"]),
        ("task", {"files_manifest": {"image_1": SECOND}, "data_unit": {"files": {"x": FIRST}}}, SECOND, ["image_1"]),
        ("task", {"files_manifest": {}, "data_unit": {"files": {"x": FIRST}}}, FIRST, ["x"]),
        ("assignment", {"file": FIRST}, FIRST, ["file"]),
        ("assignment", {"file": FIRST, "files_manifest": None}, {}, []),
        ("ground_truth", {"files": {"image_1": FIRST, "image_2": SECOND}}, SECOND, ["image_1", "image_2"]),
        ("ground_truth", {"files": None}, {}, []),
        ("ground_truth", {"files": None, "data_unit": {"files": {"x": FIRST}}}, FIRST, ["x"]),
        ("task", {}, {}, []),
    ],
)
def test_one_file_stands_for_an_item_and_all_stay_reachable(
    target: str, given: dict[str, Any], files: dict[str, Any], names: list[str]
) -> None:
    handler = TargetHandlerFactory.get_handler(target)
    (item,) = handler.get_export_item([{"id": 1, "data": {}, **given}])
    assert item["files"] == files
    assert list(item["files_all"]) == names
    assert item.fault is None


@pytest.mark.parametrize(
    ("given", "identity"),
    [({"id": 3, "pgh_id": 9}, 3), ({"pgh_id": 9}, 9), ({"id": None, "pgh_id": 9}, 9), ({"id": "x"}, "x")],
)
def test_the_id_of_an_item_is_that_of_its_record(given: dict[str, Any], identity: Any) -> None:
    (item,) = GroundTruthExportTargetHandler().get_export_item([{"data": {}, **given}])
    assert item["id"] == identity


def test_a_row_that_cannot_be_exported_is_an_item_with_its_reason() -> None:
    bad = [{"data": {}}, {"id": 1, "data": {}, "files": "x"}, {"id": 2, "data": {}, "data_unit": 7}]
    items = list(TaskExportTargetHandler().get_export_item([*bad, row(3)]))
    assert [item.fault is None for item in items] == [False, False, False, True]


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd", "files/../../x", "files\\x", "files/%2e%2e/x", 7])
def test_a_path_that_leaves_the_bundle_fails_its_item(path: Any) -> None:
    given = {"id": 1, "data": {}, "files_manifest": {"a": {"bundle_path": path, "file_name_original": "a.jpg"}}}
    (item,) = TaskExportTargetHandler().get_export_item([given])
    assert item.fault is not None
    assert "bundle_path" in str(item.fault)


def test_a_file_of_a_bundle_has_its_place_there_as_url_and_keeps_its_name() -> None:
    class Rows(list[Any]):
        prefix = "exports/x/.async_jobs/exports/j1/"

    given = {
        "id": 1,
        "data": {},
        "files_manifest": {"a": {"bundle_path": "files/1/a.jpg", "url": "https://old", "file_name_original": "ä.jpg"}},
    }
    (item,) = TaskExportTargetHandler().get_export_item(Rows([given]))
    assert item["files"]["url"] == "exports/x/.async_jobs/exports/j1/files/1/a.jpg"
    assert item["files"]["file_name_original"] == "ä.jpg"


# -- handlers of plugins -----------------------------------------------------------------------------------


class Seed(ExportTargetHandler):
    """With the methods and signatures that the document shows."""

    def get_results(self, client: Any, filters: dict[str, Any]) -> tuple[Any, int]:  # type: ignore[override]
        return iter(rows(2)), 2

    def validate_filter(self, filters: dict[str, Any], client: Any) -> dict[str, Any]:
        return filters

    def get_export_item(self, results: Any) -> Iterator[Any]:
        for item in results:
            yield {**item, "files": {"file_name_original": f"{item['id']}.jpg"}}


def test_a_handler_of_a_plugin_is_used_by_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TargetHandlerFactory, "_handlers", dict(TargetHandlerFactory._handlers))
    TargetHandlerFactory.register_handler("seed", Seed)
    assert isinstance(TargetHandlerFactory.get_handler("seed", config={"a": 1}), Seed)
    with pytest.raises(TypeError, match="get_results"):
        TargetHandlerFactory.register_handler("seed", int)


def installed(folder: Path, name: str, source: str) -> None:
    """A plugin as pip would leave it: a module, and its entry point."""
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[exportkit]\n{name} = {name}\n")


PLUGIN = """
from exportkit import hookimpl

class Drawer:
    name = "drawer"
    def get_results(self, client, filters):
        return [{"id": 1}], 1

@hookimpl
def exportkit_register_targets():
    return [Drawer]
"""


def test_a_target_of_an_installed_plugin_is_found_by_its_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, "drawer_targets", PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(target_factory, "run_plugins", PluginManager.load)
    assert TargetHandlerFactory.get_handler("drawer").get_results(None, {}) == ([{"id": 1}], 1)
    assert "drawer" in TargetHandlerFactory.targets()
    installed(tmp_path, "other_targets", PLUGIN)
    with pytest.raises(ValueError, match=r"drawer@drawer.targets.*drawer@other.targets"):
        TargetHandlerFactory.get_handler("drawer")
    assert TargetHandlerFactory.get_handler("drawer@other_targets") is not None


def test_an_unknown_target_names_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ("assignment", "ground_truth", "task")
    monkeypatch.setattr(TargetHandlerFactory, "_handlers", {n: TargetHandlerFactory._handlers[n] for n in ours})
    with pytest.raises(ValueError, match=r"Unknown target: 'x'. Supported targets: assignment, ground_truth, task"):
        TargetHandlerFactory.get_handler("x")


def test_the_memory_client_applies_the_filters_that_it_knows() -> None:
    client = MemoryClient(
        tasks=[row(1, project=1, status_label="completed"), row(2, project=2), row(3, tags=["a", "b"])]
    )
    assert len(client.get_tasks({"project": 1})) == 2
    assert len(client.get_tasks({"status_label": ["completed"]})) == 1
    assert len(client.get_tasks({"tags": "b"})) == 1
    assert isinstance(client.get_tasks({"ids": "1-2"}), CountedRows)
    with pytest.raises(FilterRefused):
        client.get_tasks({"search": "x"})
