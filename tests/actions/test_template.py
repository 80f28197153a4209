"""What an exporter writes when nothing, or one method, is overridden."""

from __future__ import annotations

import csv
import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.actions.workshop import Listener, context, labels, params, row, rows, run, tree
from tests.clients.object_store import Store

from exportkit.actions import BaseExporter, ExportStatus, MetricsRecord, export_action_of
from exportkit.errors import StepFailed, UsageError
from exportkit.runtime import PluginEnvironment, RuntimeContext
from exportkit.testing import MemoryClient


class Plain(BaseExporter):
    """Writes what it gets."""


def named(*names: str | None) -> list[dict[str, Any]]:
    return [
        row(
            number,
            data_unit={"files": {"x": {"file_name_original": name} if name is not None else {"url": "https://h/x"}}},
        )
        for number, name in enumerate(names, 1)
    ]


def test_an_export_has_labels_originals_and_our_lists(tmp_path: Path, store: Store) -> None:
    files = {"x": {"file_name_original": "한.jpg", "url": store.serve("/1", b"picture")}}
    result = run(
        Plain, tmp_path, [row(1, data={"이름": [1.5, None, True]}, data_unit={"files": files})], save_original_file=True
    )
    folder = Path(result["output_path"])
    assert tree(folder) == [
        "exportkit-errors.jsonl",
        "exportkit-files.jsonl",
        "exportkit-losses.jsonl",
        "exportkit-manifest.json",
        "labels/한.json",
        "origin_files/한.jpg",
    ]
    assert (folder / "labels/한.json").read_bytes() == '{"이름":[1.5,null,true]}'.encode()
    assert (folder / "exportkit-errors.jsonl").read_bytes() == b""


def test_an_empty_export_leaves_its_empty_folders(tmp_path: Path) -> None:
    result = run(Plain, tmp_path, [], save_original_file=True)
    assert [path for path in tree(Path(result["output_path"])) if "exportkit-" not in path] == [
        "labels",
        "origin_files",
    ]
    assert (result["exported_count"], result["steps_executed"], result["status"]) == (0, 3, "complete")


def test_a_whole_run_takes_six_of_nine_steps_and_gives_counts_that_add_up(tmp_path: Path) -> None:
    result = run(Plain, tmp_path, rows(3))
    assert result["success"] is True
    assert (result["steps_executed"], result["steps_total"]) == (6, 9)
    assert result["reconcile"] == {"listed": 3, "written": 3, "failed": 0, "gone": 0, "filtered": 0}
    assert (result["status"], result["total_count"], result["count_verified"]) == ("complete", 3, True)


def test_labels_may_stand_at_the_top(tmp_path: Path) -> None:
    class Top(BaseExporter):
        label_output_dirname = None

    folder = Path(run(Top, tmp_path, rows(1))["output_path"])
    assert (folder / "img1.json").is_file()
    assert not (folder / "labels").exists()


def test_an_exporter_may_place_originals_by_itself(tmp_path: Path) -> None:
    class Own(BaseExporter):
        sdk_managed_original_files = False

    result = run(Own, tmp_path, rows(1), save_original_file=True)
    assert not (Path(result["output_path"]) / "origin_files").exists()
    assert result["failed_originals"] == 0


def test_an_exporter_may_make_its_own_folders(tmp_path: Path) -> None:
    class Own(BaseExporter):
        def setup_output_directories(self, unique_export_path: Path, save_original_file_flag: bool) -> dict[str, Path]:
            (unique_export_path / "json").mkdir()
            return {"label_output_path": unique_export_path / "json"}

    assert "json/img1.json" in tree(Path(run(Own, tmp_path, rows(1))["output_path"]))


# -- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "a.jpg"], ["a", "a__2"]),
        (["a.jpg", "A.png"], ["A__2", "a"]),
        (["a.jpg", "x/a.jpg", "y\\a.png"], ["a", "a__2", "a__3"]),
        (["a__2.jpg", "a.jpg", "a.jpg"], ["a", "a__2", "a__3"]),
        (["a.jpg", "a.jpg", "a__2.jpg"], ["a", "a__2", "a__2__3"]),
        ([unicodedata.normalize("NFC", "é.jpg"), unicodedata.normalize("NFD", "é.jpg")], None),
        (["ß.jpg", "SS.jpg"], ["SS__2", "ß"]),
        (["a.b.jpg", ".hidden", "a"], [".hidden", "a", "a.b"]),
    ],
)
def test_equal_names_are_told_apart_by_ids_in_record_order(
    tmp_path: Path, names: list[str | None], expected: list[str] | None
) -> None:
    result = run(Plain, tmp_path, named(*names))
    found = sorted(labels(result))
    assert found == sorted(expected) if expected is not None else len(found) == len(names)
    collisions = result["filename_collision_count"]
    if collisions:
        listed = json.loads((Path(result["output_path"]) / "filename_collisions.json").read_text())
        assert len(listed) == collisions
        assert set(listed[0]) == {"item_id", "original_name", "output_stem"}


def test_a_label_without_a_name_goes_by_its_id(tmp_path: Path) -> None:
    assert sorted(labels(run(Plain, tmp_path, named(None, "b.jpg")))) == ["1", "b"]


def test_ids_that_are_no_names_are_hashed(tmp_path: Path) -> None:
    items = [{**row(0, "a.jpg"), "id": identity} for identity in ("x/../y", "ok-1", "한")]
    found = set(labels(run(Plain, tmp_path, items)))
    assert {"a", "a__ok-1"} < found
    (hashed,) = found - {"a", "a__ok-1"}
    assert hashed == "a__" + hashlib.sha256("한".encode()).hexdigest()[:12]


def test_label_and_original_of_an_item_share_their_stem(tmp_path: Path, store: Store) -> None:
    tasks = [
        row(n, data_unit={"files": {"x": {"file_name_original": "a.png", "url": store.serve(f"/{n}", b"%d" % n)}}})
        for n in (1, 2)
    ]
    folder = Path(run(Plain, tmp_path, tasks, save_original_file=True)["output_path"])
    assert [path for path in tree(folder) if "/" in path] == [
        "labels/a.json",
        "labels/a__2.json",
        "origin_files/a.png",
        "origin_files/a__2.png",
    ]


def test_names_do_not_depend_on_what_a_folder_of_this_system_tells_apart(tmp_path: Path) -> None:
    first = sorted(labels(run(Plain, tmp_path, named("Straße.jpg", "STRASSE.jpg"))))
    assert len(first) == len({name.casefold() for name in first}) == 2


def test_a_manifest_names_all_items_whatever_their_order(tmp_path: Path) -> None:
    class Planned(BaseExporter):
        use_output_stem_manifest = True

    items = named("b.jpg", "a.jpg", "a.jpg", "a__3.jpg")
    forward = labels(run(Planned, tmp_path, items, name="f"))
    backward = labels(run(Planned, tmp_path, [*reversed(items)], name="b"))
    assert sorted(forward) == sorted(backward) == ["a", "a__3", "a__3_2", "b"]


def test_a_manifest_needs_every_id_once(tmp_path: Path) -> None:
    class Planned(BaseExporter):
        use_output_stem_manifest = True

        def convert_data(self, data: dict[str, Any]) -> Any:
            return {**data, "id": 1}

    with pytest.raises(StepFailed, match="id 1 occurs twice"):
        run(Planned, tmp_path, rows(2))


# -- what is written ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [[1, 2], "text", 7, {"a": 1}, [], 0, False])
def test_any_json_value_is_written_as_it_is(tmp_path: Path, value: Any) -> None:
    class Fixed(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            return value

    assert labels(run(Fixed, tmp_path, rows(1))) == {"img1": value}


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), b"x", {"a": float("inf")}])
def test_what_is_no_json_fails_its_item_and_leaves_no_file(tmp_path: Path, value: Any) -> None:
    class Odd(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            return {"data": value} if data["id"] == 1 else data

    result = run(Odd, tmp_path, rows(2))
    assert sorted(labels(result)) == ["img2"]
    assert result["failed_count"] == 1


def test_nothing_as_a_result_is_an_error_of_its_item_and_an_event(tmp_path: Path) -> None:
    logger = Listener()
    items = [row(1, data=None), row(2)]
    result = run(Plain, tmp_path, items, logger=logger)
    listed = json.loads((Path(result["output_path"]) / "error_file_list.json").read_text())
    assert listed == {"json_file_name": [["img1.json", "data is Null"]], "origin_file_name": []}
    assert logger.events("NULL_DATA_DETECTED") == [{"item_id": 1}]


def test_the_list_of_errors_has_an_indent_of_four(tmp_path: Path) -> None:
    result = run(Plain, tmp_path, [row(1, data=None), row(2, data=None), row(3)])
    text = (Path(result["output_path"]) / "error_file_list.json").read_text()
    assert text == json.dumps(json.loads(text), indent=4)


def test_each_file_leaves_an_event_and_metrics_are_counted(tmp_path: Path) -> None:
    logger = Listener()
    run(Plain, tmp_path, [row(1, data=None), *rows(3)[1:]], logger=logger, save_original_file=True)
    events = logger.events("export_data_file")
    assert [event["target_id"] for event in events] == [1, 2, 3]
    assert [event["status"] for event in events] == ["failed", "success", "success"]
    assert json.loads(events[1]["data_file_info"]) == {"file_name": "img2.json"}
    assert logger.get_metrics("data_file") == {"stand_by": 0, "success": 2, "failed": 1}
    assert logger.get_metrics("original_file") == {"stand_by": 0, "success": 0, "failed": 3}


def test_events_can_be_reduced_to_failures(tmp_path: Path) -> None:
    logger = Listener()
    run(Plain, tmp_path, [row(1, data=None), row(2)], logger=logger, extra_params={"export_log_files": "failures"})
    assert [event["status"] for event in logger.events("export_data_file")] == ["failed"]


def test_progress_and_metrics_are_told_now_and_then(tmp_path: Path) -> None:
    logger = Listener()
    run(Plain, tmp_path, rows(200), logger=logger)
    told = [percent for step, _, percent in logger.progressed if step == "save_files"]
    assert len(told) < 40
    assert told[-1] == 100


# -- what exporters get ------------------------------------------------------------------------------------


def test_an_exporter_gets_what_the_documentation_promises(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    class Looking(BaseExporter):
        def __init__(self, ctx: Any, export_items: Any, path_root: Any, **more: Any) -> None:
            super().__init__(ctx, export_items, path_root, **more)
            seen.update(more, path_root=path_root)

    client = MemoryClient(tasks=rows(2), storages={1: tmp_path}, projects={1: {"classification": {"a": 1}}})
    run(Looking, tmp_path, client=client, description="for you", extra_params={"mine": 3})
    assert seen == {
        "name": "mine",
        "description": "for you",
        "storage": 1,
        "path": "exports",
        "target": "task",
        "filter": {"project": 1},
        "count": 2,
        "save_original_file": False,
        "mine": 3,
        "configuration": {"classification": {"a": 1}},
        "project_id": 1,
        "path_root": tmp_path / "exports",
    }


def test_the_paths_of_a_run_are_not_yet_those_of_the_export(tmp_path: Path) -> None:
    seen = []

    class Looking(BaseExporter):
        def additional_file_saving(self, unique_export_path: Path) -> None:
            seen.append((unique_export_path, (tmp_path / "exports/mine").exists()))

    result = run(Looking, tmp_path, rows(1))
    assert seen[0][0] != Path(result["output_path"])
    assert seen[0][1] is False
    assert sorted(path.name for path in (tmp_path / "exports").iterdir()) == ["mine"]


def test_items_that_the_constructor_replaced_are_the_ones_that_count(tmp_path: Path) -> None:
    class Picky(BaseExporter):
        def __init__(self, ctx: Any, export_items: Any, path_root: Any, **more: Any) -> None:
            super().__init__(ctx, (item for item in export_items if item["id"] != 1), path_root, **more)

    with pytest.raises(StepFailed, match="counted 3 rows and gave 2"):
        run(Picky, tmp_path, rows(3))


# -- policies ----------------------------------------------------------------------------------------------


class Failing(BaseExporter):
    def convert_data(self, data: dict[str, Any]) -> Any:
        if data["id"] % 2 == 0:
            raise ValueError(f"even {data['id']}")
        return data


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"on_error": "fail"}, "Stopped at the first failed item .*item 2"),
        ({"max_errors": 1}, "2 of 4 items failed, more than max_errors 1"),
        ({"on_error": "threshold", "max_errors": "40%"}, "5 of 10 items failed, more than max_errors 40%"),
    ],
)
def test_a_policy_stops_the_export_and_nothing_is_published(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    for place in ({"extra_params": given}, given):
        with pytest.raises(StepFailed, match=message):
            run(Failing, tmp_path, rows(10), **place)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [{}, {"on_error": "skip"}, {"max_errors": 5}, {"max_errors": "50%"}])
def test_failures_within_the_policy_cost_their_items(tmp_path: Path, given: dict[str, Any]) -> None:
    assert len(labels(run(Failing, tmp_path, rows(10), extra_params=given))) == 5


@pytest.mark.parametrize(
    "given", [{"on_error": "maybe"}, {"on_error": "threshold"}, {"max_errors": "many"}, {"max_errors": True}]
)
def test_a_policy_that_means_nothing_is_refused(tmp_path: Path, given: dict[str, Any]) -> None:
    ctx = context(MemoryClient(tasks=rows(2), storages={1: tmp_path}))
    with pytest.raises(UsageError):
        export_action_of(Failing).dispatch(params(extra_params=given), ctx)
    assert list(tmp_path.iterdir()) == []


# -- several at once, and without an action ----------------------------------------------------------------


def test_two_exports_of_one_name_take_two_folders(tmp_path: Path) -> None:
    class Nested(BaseExporter):
        def additional_file_saving(self, unique_export_path: Path) -> None:
            if self.params["name"] == "mine" and not self.params.get("inner"):
                run(Nested, tmp_path, rows(1), extra_params={"inner": True})

    outer = run(Nested, tmp_path, rows(1))
    assert Path(outer["output_path"]).name == "mine"
    assert sorted(path.name for path in (tmp_path / "exports").iterdir()) == ["mine", "mine(1)"]


def test_a_name_that_was_taken_meanwhile_gives_way_to_the_next(tmp_path: Path) -> None:
    class Slow(BaseExporter):
        def additional_file_saving(self, unique_export_path: Path) -> None:
            (tmp_path / "exports/mine").mkdir()
            (tmp_path / "exports/mine/other").write_text("somebody's")

    result = run(Slow, tmp_path, rows(1))
    assert Path(result["output_path"]).name == "mine(1)"
    assert (tmp_path / "exports/mine/other").read_text() == "somebody's"


def test_an_exporter_runs_without_an_action(tmp_path: Path) -> None:
    ctx = RuntimeContext(Listener(), PluginEnvironment())
    items = [{"id": 1, "data": {"a": 1}, "files": {"file_name_original": "a.jpg"}}]
    result = Plain(ctx, iter(items), tmp_path, name="alone").export()
    assert result["export_path"] == str(tmp_path)
    assert json.loads((tmp_path / "alone/labels/a.json").read_text()) == {"a": 1}


def test_template_methods_can_be_called_one_by_one(tmp_path: Path) -> None:
    exporter = Plain(context(None), iter(()), tmp_path)
    errors: list[Any] = []
    item = {"id": 1, "data": {"a": 1}, "files": {"file_name_original": "a.jpg"}}
    assert exporter.save_as_json(item, tmp_path, errors) is ExportStatus.SUCCESS
    assert exporter.save_as_json({**item, "id": 2}, tmp_path, errors) is ExportStatus.SUCCESS
    assert exporter.save_as_json({"id": 3, "data": None, "files": {}}, tmp_path, errors) is ExportStatus.FAILED
    assert exporter.save_original_file(item, tmp_path, errors) is ExportStatus.FAILED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a__2.json"]
    assert [name for name, _ in errors] == ["3.json", "a.jpg"]
    exporter.workplace.close()


def test_both_words_for_the_step_of_metrics_are_known() -> None:
    logger = Listener()
    exporter = Plain(context(None, logger), iter(()), "x")
    record = exporter.run.MetricsRecord(stand_by=100, success=0, failed=0)
    record.stand_by -= 1
    record.success += 1
    exporter.run.log_metrics(record, category="data_file")
    exporter.run.log_metrics(MetricsRecord(failed=2), step="original_file")
    exporter.run.log_metrics(MetricsRecord(failed=3))
    assert logger.get_metrics("data_file") == {"stand_by": 99, "success": 1, "failed": 0}
    assert logger.get_metrics("original_file")["failed"] == 2


def test_a_report_names_every_file_and_every_failure(tmp_path: Path) -> None:
    class Reporting(Failing):
        export_report_enabled = True

    tasks = [row(1, "=evil.jpg"), row(2, "b.jpg"), row(3, "b.jpg"), row(5, "b.jpg")]
    folder = Path(run(Reporting, tmp_path, tasks)["output_path"])
    report = json.loads((folder / "export_report.json").read_text(encoding="utf-8"))
    assert sorted(report) == [
        "audit", "classes", "failures", "filename_collisions", "format", "format_metrics", "items", "rows",
        "schema_version", "summary",
    ]  # fmt: skip
    assert report["schema_version"] == 2
    assert [item["output_stem"] for item in report["items"]] == ["=evil", None, "b", "b__5"]
    assert report["summary"]["outcomes"] == {"failed": 1, "ok": 3}
    raw = (folder / "export_report.csv").read_bytes()
    assert raw.startswith("\ufeff작업 ID,".encode())
    assert raw.count(b"\r\n") == 5
    table = list(csv.reader(raw.decode("utf-8-sig").splitlines()))
    assert table[1][1] == "'=evil.jpg"
    assert not (folder / "filename_collisions.json").exists()


# -- ugly plugins and ugly rows ----------------------------------------------------------------------------


def test_a_label_at_the_top_never_takes_the_name_of_a_list_of_ours(tmp_path: Path) -> None:
    class Top(BaseExporter):
        label_output_dirname = None

    class PlannedTop(Top):
        use_output_stem_manifest = True

    for cls in (Top, PlannedTop):
        items = named("exportkit-manifest.json", "error_file_list.png", "EXPORTKIT-errors.jpg")
        folder = Path(run(cls, tmp_path, [*items, row(4, data=None)])["output_path"])
        found = {name for name in tree(folder) if "__" in name}
        assert found == {"exportkit-manifest__1.json", "error_file_list__2.json", "EXPORTKIT-errors__3.json"}
        assert json.loads((folder / "exportkit-manifest.json").read_text())["schema"] == "exportkit-export/1"


def test_a_plugin_that_empties_its_item_does_not_change_whose_it_is(tmp_path: Path) -> None:
    class Emptying(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            number = data["id"]
            data.clear()
            if number == 2:
                raise ValueError("emptied")
            return data

    result = run(Emptying, tmp_path, rows(2))
    assert labels(result) == {"img1": {}}
    (error,) = map(json.loads, (Path(result["output_path"]) / "exportkit-errors.jsonl").read_text().splitlines())
    assert (error["id"], error["file"]) == (2, "img2.json")


def test_a_plugin_that_exits_on_an_item_loses_that_item(tmp_path: Path) -> None:
    class Exiting(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            if data["id"] == 1:
                raise SystemExit(3)
            return data

    assert sorted(labels(run(Exiting, tmp_path, rows(2)))) == ["img2"]


def test_folders_that_a_plugin_forgot_are_made_when_they_are_needed(tmp_path: Path) -> None:
    class Forgetful(BaseExporter):
        def setup_output_directories(self, unique_export_path: Path, save_original_file_flag: bool) -> Any:
            return None

    assert sorted(labels(run(Forgetful, tmp_path, rows(1)))) == ["img1"]


def test_a_name_made_by_a_plugin_stays_in_its_folder(tmp_path: Path) -> None:
    class Wandering(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            return {"id": data["id"], "filename": "../../../evil.jpg"}

    assert sorted(labels(run(Wandering, tmp_path, rows(1)))) == ["evil"]


@pytest.mark.parametrize(
    "bad", [None, 5, "x", [], {"data": {}}, {"id": True}, {"id": 2**64}, {"id": 1, "data_unit": 3}]
)
def test_a_row_that_is_none_costs_itself_alone(tmp_path: Path, bad: Any) -> None:
    class Own(export_action_of(Plain)):  # type: ignore[misc]
        def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, int]:
            return iter([bad, row(7)]), 2

    result = run(Plain, tmp_path, action=Own)
    assert (sorted(labels(result)), result["failed_count"]) == (["img7"], 1)


def test_every_failure_has_its_own_code(tmp_path: Path) -> None:
    def placed(number: int, **entry: Any) -> dict[str, Any]:
        return row(number, data_unit={"files": {"x": entry}})

    items = [
        placed(1, file_name_original="a.jpg", url="../secret"),
        placed(2, file_name_original="b.jpg"),
        placed(3, file_name_original="a\nb.jpg"),
        row(4, data=None),
        placed(5, file_name_original="c.jpg", bundle_path="files/5/c.jpg"),
    ]
    result = run(Plain, tmp_path, items, save_original_file=True)
    text = (Path(result["output_path"]) / "exportkit-errors.jsonl").read_text()
    found = {(error["id"], error["code"]) for error in map(json.loads, text.splitlines())}
    assert found == {
        (1, "E_URL_REFUSED"),
        (2, "E_FILE_MISSING"),
        (3, "E_NAME_UNSAFE"),
        (4, "E_DATA_MISSING"),
        (4, "E_FILE_MISSING"),
        (5, "E_FILE_MISSING"),
    }


def test_a_manifest_names_results_that_say_nothing_of_themselves_by_their_items(tmp_path: Path) -> None:
    class Planned(BaseExporter):
        use_output_stem_manifest = True

        def convert_data(self, data: dict[str, Any]) -> Any:
            if data["id"] == 2:
                raise Unpicklable(data["id"], "odd")
            return [data["id"]]

    result = run(Planned, tmp_path, named("b.jpg", "x.jpg", "a.jpg", "a.jpg"))
    assert labels(result) == {"a": [3], "a__4": [4], "b": [1]}
    assert result["failed_count"] == 1


class Unpicklable(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"{text} {number}")


def test_a_label_that_failed_beside_one_that_was_saved_makes_the_export_partial(tmp_path: Path) -> None:
    class Two(BaseExporter):
        def process_file_saving(self, final_data: Any, *more: Any) -> bool:
            super().process_file_saving({**final_data, "data": None}, *more)
            return super().process_file_saving(final_data, *more)

    assert run(Two, tmp_path, rows(1))["status"] == "partial"


def test_an_unknown_number_of_rows_does_not_tell_progress_for_each_of_them(tmp_path: Path) -> None:
    class Unknown(export_action_of(Plain)):  # type: ignore[misc]
        def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, Any]:
            return iter(rows(200)), None

    logger = Listener()
    run(Plain, tmp_path, action=Unknown, logger=logger)
    assert len([1 for step, *_ in logger.progressed if step == "save_files"]) < 60
    assert logger.get_metrics("data_file")["success"] == 200


FILE_NAMES = st.one_of(
    st.sampled_from(
        ["a.jpg", "A.jpg", "a.png", "a__2.jpg", "é.jpg", "e\u0301.jpg", "x/a.jpg", "..", "", "a b.jpg", "Ⓐ.jpg"]
    ),
    st.text(max_size=12),
    st.none(),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(FILE_NAMES, min_size=1, max_size=12), planned=st.booleans())
def test_whatever_items_are_called_each_is_written_once_or_named_as_failed(
    tmp_path: Path, names: list[str | None], planned: bool
) -> None:
    exporter = type("Any", (BaseExporter,), {"use_output_stem_manifest": planned})
    good = row(1000, "good.jpg")
    result = run(exporter, tmp_path, [*named(*names), good], name="fuzz")
    written = labels(result)
    assert len({unicodedata.normalize("NFC", name).casefold() for name in written}) == len(written)
    assert len(written) == result["exported_count"]
    assert result["exported_count"] + result["failed_count"] == len(names) + 1
    failed = (Path(result["output_path"]) / "exportkit-errors.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(failed) == result["failed_count"]
