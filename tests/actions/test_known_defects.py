"""Defects that exports elsewhere have, each with the behaviour that is required here (SDK behaviour, section 19)."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.actions.workshop import Listener, context, labels, params, row, rows, run, tree
from tests.clients.object_store import Store, body, cut

from exportkit.actions import (
    BaseExportAction,
    BaseExporter,
    ExportAction,
    ExportContext,
    ExportTargetHandler,
    TargetHandlerFactory,
    export_action_of,
)
from exportkit.clients import CountedRows, OfflineClient
from exportkit.clients.objects import ObjectFetcher
from exportkit.errors import ConversionFailed, IncompleteExport, StepFailed
from exportkit.runtime import ExportLogMessageCode, NoOpLogger
from exportkit.steps import BaseStep, StepRegistry, StepResult
from exportkit.testing import MemoryClient

PICTURE = bytes(range(256)) * 20


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two attempts."""
    monkeypatch.setattr(ObjectFetcher.shared(), "_sleep", lambda _: None)


class Plain(BaseExporter):
    """Writes what it gets."""


class Lying(MemoryClient):
    """Counts and gives something else than it has."""

    def __init__(self, *, counted: Iterable[int], **more: Any) -> None:
        super().__init__(**more)
        self._answers = iter(counted)
        self._last = 0

    def _count(self, target: str, filters: Mapping[str, Any]) -> int:
        self._last = next(self._answers, self._last)
        return self._last


def failing(*numbers: int, method: str = "convert_data", error: type[Exception] = KeyError) -> type[BaseExporter]:
    """An exporter whose method raises for some items."""

    def raising(self: BaseExporter, data: Any, *more: Any) -> Any:
        if data["id"] in numbers:
            raise error(f"item {data['id']}")
        return getattr(BaseExporter, method)(self, data, *more)

    return type("Failing", (BaseExporter,), {method: raising})


def errors_of(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = (Path(result["output_path"]) / "exportkit-errors.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def cause_of(failure: BaseException) -> BaseException:
    assert failure.__cause__ is not None
    return failure.__cause__


# -- silent loss and false success ---------------------------------------------------------------------------


def test_l1_fewer_rows_than_were_counted_publish_nothing_and_both_numbers_are_told(tmp_path: Path) -> None:
    client = Lying(counted=[5], tasks=rows(3), storages={1: tmp_path})
    with pytest.raises(StepFailed, match=r"counted 5 rows and gave 3") as caught:
        run(Plain, tmp_path, client=client)
    cause = cause_of(caught.value)
    assert isinstance(cause, IncompleteExport)
    assert (cause.status, cause.expected, cause.received, cause.exit_code) == ("incomplete", 5, 3, 4)
    assert list(tmp_path.iterdir()) == []


def test_l1_rows_that_were_deleted_meanwhile_are_gone_and_accounted_for(tmp_path: Path) -> None:
    client = Lying(counted=[5, 3], tasks=rows(3), storages={1: tmp_path})
    result = run(Plain, tmp_path, client=client)
    assert result["reconcile"] == {"listed": 5, "written": 3, "failed": 0, "gone": 2, "filtered": 0}


@pytest.mark.parametrize("method", ["before_convert", "convert_data", "after_convert"])
def test_l4_an_export_whose_items_all_fail_is_a_failure(tmp_path: Path, method: str) -> None:
    with pytest.raises(StepFailed, match=r"All 3 items failed.*item 1 in convert_data: KeyError") as caught:
        run(failing(1, 2, 3, method=method), tmp_path, rows(3))
    assert isinstance(caught.value.__cause__, ConversionFailed)
    assert list(tmp_path.iterdir()) == []


def test_l4_an_export_that_writes_no_file_is_a_failure(tmp_path: Path) -> None:
    class Silent(BaseExporter):
        def process_file_saving(self, *_: Any) -> bool:
            return True

    with pytest.raises(StepFailed, match="3 items were fetched and no file was written"):
        run(Silent, tmp_path, rows(3))
    assert list(tmp_path.iterdir()) == []


def test_l4_an_exporter_that_writes_one_file_for_all_items_succeeds(tmp_path: Path) -> None:
    class Gathering(BaseExporter):
        label_output_dirname = None

        def process_file_saving(self, final_data: Any, *_: Any) -> bool:
            self.gathered = [*getattr(self, "gathered", []), final_data["id"]]
            return True

        def additional_file_saving(self, unique_export_path: Path) -> None:
            (unique_export_path / "all.json").write_text(json.dumps(self.gathered))

    result = run(Gathering, tmp_path, rows(3))
    assert json.loads((Path(result["output_path"]) / "all.json").read_text()) == [1, 2, 3]
    assert result["exported_count"] == 3


def original(url: str | None, **more: Any) -> dict[str, Any]:
    return {"data_unit": {"files": {"image_1": {"file_name_original": "a.jpg", "url": url, **more}}}}


@pytest.mark.parametrize("answers", [[body(b"", 500)], [cut(PICTURE, 100)], [body(b"short")], [body(b"", 404)]])
def test_l5_an_original_that_fails_is_counted_told_and_leaves_no_file(
    tmp_path: Path, store: Store, answers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = store.serve("/a.jpg", *answers)
    tasks = [row(1), row(2, **original(url, size=len(PICTURE)))]
    logger = Listener()
    result = run(Plain, tmp_path, tasks, logger=logger, save_original_file=True)
    assert result["failed_originals"] == 2
    assert result["exported_count"] == 2
    assert result["status"] == "partial"
    assert sorted(labels(result)) == ["a", "img1"]
    assert tree(Path(result["output_path"]) / "origin_files") == []
    assert "EXPORT_FILES_SAVED_WITH_FAILURES" in logger.message_keys()
    assert [error["id"] for error in errors_of(result)] == [1, 2]


def test_l6_the_original_of_ground_truth_is_fetched_once_by_the_step_that_saves(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    url = store.serve("/5.jpg", PICTURE)
    event = {"id": 5, "pgh_id": 991, "data": {}, "files": {"image_1": {"url": url, "file_name_original": "5.jpg"}}}
    client = MemoryClient(ground_truths=[event], storages={1: tmp_path / "out"})
    result = run(
        Plain,
        tmp_path,
        client=client,
        target="ground_truth",
        filter={"ground_truth_dataset_version": 1},
        save_original_file=True,
    )
    assert (Path(result["output_path"]) / "origin_files/5.jpg").read_bytes() == PICTURE
    assert len(store.asked) == 1
    assert list(temporary.iterdir()) == []


def test_l7_ground_truth_without_files_is_exported_without_original(tmp_path: Path) -> None:
    client = MemoryClient(ground_truths=[{"id": 5, "data": {"a": 1}, "files": None}], storages={1: tmp_path})
    scope = {"ground_truth_dataset_version": 1}
    result = run(Plain, tmp_path, client=client, target="ground_truth", filter=scope, save_original_file=True)
    assert labels(result) == {"5": {"a": 1}}
    assert result["failed_originals"] == 1


def test_l8_every_file_of_a_data_unit_is_reachable_and_those_left_out_are_counted(tmp_path: Path, store: Store) -> None:
    seen = []

    class Looking(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            seen.append(sorted(data["files_all"]))
            return data

    entries = {name: {"file_name_original": f"{name}.jpg", "url": store.serve(f"/{name}", PICTURE)} for name in "abc"}
    result = run(Looking, tmp_path, [row(1, data_unit={"files": entries})], save_original_file=True)
    assert seen == [["a", "b", "c"]]
    assert result["unexported_files"] == 2
    assert tree(Path(result["output_path"]) / "origin_files") == ["a.jpg"]


def presigned(url: str, content: bytes, **more: Any) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"mode": "presigned", "presigned_url": url, "size": len(content), "data_digest": f"sha256:{digest}", **more}


def test_l9_a_payload_that_is_not_what_was_declared_is_fetched_again_and_then_fails_its_item(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = b'{"annotations":[]}'
    once = store.serve("/once", b'{"annotations":[1]}', good)
    never = store.serve("/never", b'{"annotations":[1]}')
    tasks = [row(1, data=presigned(once, good)), row(2, data=presigned(never, good))]
    result = run(Plain, tmp_path, tasks)
    assert labels(result) == {"img1": {"annotations": []}}
    (error,) = errors_of(result)
    assert (error["id"], error["code"]) == (2, "E_WRAPPER")


@pytest.mark.parametrize(
    "payload",
    [
        {"mode": "inline", "annotations": []},
        {"mode": "presigned", "presigned_url": "https://x", "images": []},
        {"mode": "presigned"},
        {"mode": "dark", "truncated": True},
        {"mode": ["inline"], "truncated": False},
    ],
)
def test_l10_a_genuine_payload_with_a_mode_is_exported_as_it_is(tmp_path: Path, payload: dict[str, Any]) -> None:
    assert labels(run(Plain, tmp_path, [row(1, data=payload)])) == {"img1": payload}


@pytest.mark.parametrize("key", ["data", "payload", "content"])
def test_l10_an_inline_wrapper_gives_its_payload_and_never_itself(tmp_path: Path, key: str) -> None:
    wrapper = {"mode": "inline", "truncated": False, key: {"annotations": [1]}}
    assert labels(run(Plain, tmp_path, [row(1, data=wrapper)])) == {"img1": {"annotations": [1]}}


def test_l10_a_wrapper_without_a_payload_fails_its_item(tmp_path: Path) -> None:
    bad = [{"mode": "inline", "truncated": False}, {"mode": "presigned", "presigned_url": None}]
    result = run(Plain, tmp_path, [*(row(n, data=data) for n, data in enumerate(bad, 2)), row(1)])
    assert sorted(labels(result)) == ["img1"]
    assert [error["code"] for error in errors_of(result)] == ["E_WRAPPER", "E_WRAPPER"]


def test_l12_failed_items_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    tasks = [row(1, "same.jpg"), row(2, "same.jpg"), row(3)]
    result = run(failing(1, 2), tmp_path, tasks)
    failed = [error["id"] for error in errors_of(result)]
    assert failed == [1, 2]
    retry = run(Plain, tmp_path, tasks, filter={"project": 1, "ids": failed})
    assert sorted(labels(retry)) == ["same", "same__2"]
    rows_ = json.loads((Path(result["output_path"]) / "error_file_list.json").read_text())
    assert [name for name, _ in rows_["json_file_name"]] == ["same.json", "same.json"]


def test_l13_a_result_without_data_is_saved_as_it_is(tmp_path: Path) -> None:
    class Document(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> dict[str, Any]:
            return {
                "id": data.get("id"),
                "filename": data.get("files", {}).get("file_name_original"),
                "annotations": data.get("data", {}).get("annotations", []),
            }

    result = run(Document, tmp_path, rows(1))
    expected = {"id": 1, "filename": "img1.jpg", "annotations": [{"category": "car", "bbox": [1, 2, 3, 4]}]}
    assert labels(result) == {"img1": expected}


# -- all or nothing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["before_convert", "convert_data", "after_convert", "process_file_saving"])
@pytest.mark.parametrize("error", [KeyError, ValueError, FileNotFoundError, RecursionError, AssertionError])
def test_r1_an_item_that_raises_costs_itself_alone(tmp_path: Path, method: str, error: type[Exception]) -> None:
    count = 1000 if (method, error) == ("convert_data", KeyError) else 10
    result = run(failing(3, method=method, error=error), tmp_path, rows(count))
    assert len(labels(result)) == count - 1
    assert (result["exported_count"], result["failed_count"], result["status"]) == (count - 1, 1, "partial")
    (told,) = errors_of(result)
    assert told["id"] == 3
    assert told["step"] == ("save_files" if method == "process_file_saving" else "convert_data")
    assert told["type"] == error.__name__
    assert "item 3" in told["message"]


def test_r1_a_later_failure_deletes_nothing_that_was_written(tmp_path: Path) -> None:
    class Late(BaseExporter):
        def process_file_saving(self, final_data: Any, *more: Any) -> bool:
            saved = super().process_file_saving(final_data, *more)
            if final_data["id"] == 2:
                raise OSError("after writing")
            return saved

    result = run(Late, tmp_path, rows(3))
    assert sorted(labels(result)) == ["img1", "img2", "img3"]
    assert result["failed_count"] == 1


def test_r2_a_row_that_appears_after_counting_lets_progress_grow(tmp_path: Path) -> None:
    logger = Listener()
    client = Lying(counted=[2], tasks=rows(4), storages={1: tmp_path})
    result = run(Plain, tmp_path, client=client, logger=logger)
    assert result["exported_count"] == 4
    assert result["reconcile"]["listed"] == 4
    assert all(0 <= percent <= 100 for _, _, percent in logger.progressed)


def test_r5_a_write_that_fails_leaves_no_export_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really_open = os.open

    def no_space(path: Any, *more: Any, **named: Any) -> int:
        if str(path).endswith(".json"):
            raise OSError(28, "No space left on device")
        return really_open(path, *more, **named)

    class Short(BaseExporter):
        def process_file_saving(self, final_data: Any, *more: Any) -> bool:
            if final_data["id"] == 2:
                monkeypatch.setattr("os.open", no_space)
            return super().process_file_saving(final_data, *more)

    with pytest.raises(StepFailed, match="no space left") as caught:
        run(Short, tmp_path, rows(3))
    monkeypatch.undo()
    assert getattr(caught.value.__cause__, "exit_code", None) == 7
    assert list(tmp_path.iterdir()) == []


def test_r6_a_constructor_that_raises_rolls_back_and_leaves_no_folder(tmp_path: Path) -> None:
    class Broken(BaseExporter):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            raise ValueError("not today")

    with pytest.raises(StepFailed, match="Step 'convert_data' failed: not today") as caught:
        run(Broken, tmp_path, rows(2))
    assert isinstance(caught.value.__cause__, ValueError)
    assert list(tmp_path.iterdir()) == []


class Asking(BaseStep[ExportContext]):
    """A step of a plugin that raises where it is asked for permission to pass."""

    name = "asking"
    progress_weight = 0.1
    progress_proportion = 1

    def can_skip(self, context: ExportContext) -> bool:
        raise LookupError("who knows")

    def execute(self, context: ExportContext) -> StepResult:
        return StepResult()


def test_r6_a_step_that_raises_before_it_runs_leaves_no_folder(tmp_path: Path) -> None:
    class Asked(export_action_of(Plain)):  # type: ignore[misc]
        def setup_steps(self, registry: StepRegistry[ExportContext]) -> None:
            super().setup_steps(registry)
            registry.insert_after("save_files", Asking())

    with pytest.raises(StepFailed, match=r"Step 'asking' failed: .?who knows"):
        run(Plain, tmp_path, rows(2), action=Asked)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyError("id"), ExportLogMessageCode.EXPORT_FAILED_ADMIN_CONTACT),
        (FileNotFoundError("/x"), ExportLogMessageCode.EXPORT_FAILED_FILE_NOT_FOUND),
        (TimeoutError("slow"), ExportLogMessageCode.EXPORT_FAILED_LARGE_DATA),
        (RuntimeError("odd"), ExportLogMessageCode.EXPORT_FAILED_STEP),
    ],
)
def test_r7_the_exception_of_a_step_survives_and_is_told_once(
    tmp_path: Path, error: Exception, code: ExportLogMessageCode
) -> None:
    class Raising(BaseExporter):
        def additional_file_saving(self, unique_export_path: Path) -> None:
            raise error

    logger = Listener()
    with pytest.raises(StepFailed, match="Step 'save_files' failed") as caught:
        run(Raising, tmp_path, rows(2), logger=logger)
    assert caught.value.__cause__ is error
    assert error.__traceback__ is not None
    assert [key for key in logger.message_keys() if key.startswith("EXPORT_FAILED")] == [code.value]


def test_ctrl_c_rolls_back_and_goes_on_unchanged(tmp_path: Path) -> None:
    class Interrupted(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Interrupted, tmp_path, rows(2))
    assert list(tmp_path.iterdir()) == []


# -- over-export ---------------------------------------------------------------------------------------------


class Generous(MemoryClient):
    """Ignores every filter, as a server does that does not know a key."""

    def _rows(self, target: str, filters: Mapping[str, Any]) -> Iterator[Any]:
        return super()._rows(target, {})


@pytest.mark.parametrize(
    "asked", [{"ids": "1-2"}, {"ids_ex": "3"}, {"id__lte": 2}, {"id__gte": 2}, {"id": 1}, {"id__in": [1]}]
)
def test_o1_a_row_that_was_not_asked_for_fails_the_export(tmp_path: Path, asked: dict[str, Any]) -> None:
    client = Generous(tasks=rows(3), storages={1: tmp_path})
    with pytest.raises(StepFailed, match="the filter does not ask for"):
        run(Plain, tmp_path, client=client, filter={"project": 1, **asked})
    assert list(tmp_path.iterdir()) == []


def test_o1_exactly_the_rows_that_were_asked_for_are_exported(tmp_path: Path) -> None:
    result = run(Plain, tmp_path, rows(9), filter={"project": 1, "ids": "2-4,8", "ids_ex": 3})
    assert sorted(labels(result)) == ["img2", "img4", "img8"]


# -- security ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"name": "../../evil"}, {"path": "../../evil"}, {"path": "/etc"}, {"name": "a/b"}])
def test_s2_a_name_or_path_that_leaves_the_storage_is_refused_before_any_write(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        export_action_of(Plain).dispatch(params(**given), context(MemoryClient(tasks=rows(1), storages={1: tmp_path})))
    assert list(tmp_path.iterdir()) == []


def test_s2_a_link_in_the_storage_does_not_lead_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "storage/link").symlink_to(tmp_path / "outside")
    with pytest.raises(StepFailed, match="leads out of the storage"):
        run(Plain, tmp_path / "storage", rows(1), path="link/x")
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("name", ["../evil.jpg", "a\0b.jpg", "..", "", "%2e%2e%2fx.jpg", "con:evil.jpg", "x" * 300])
def test_s2_names_of_items_never_leave_the_export(tmp_path: Path, name: str) -> None:
    files = {"image_1": {"file_name_original": name}}
    result = run(Plain, tmp_path, [row(1), row(2, data_unit={"files": files})])
    written = tree(tmp_path)
    assert all(path.startswith("exports/mine/") for path in written)
    assert result["exported_count"] + result["failed_count"] == 2


@pytest.mark.parametrize("url", ["../secret.txt", "/etc/passwd", "file:///etc/passwd", "secret.txt", "ftp://host/x"])
def test_s4_a_url_without_a_scheme_is_never_read_as_a_file(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.chdir(tmp_path)
    result = run(Plain, tmp_path / "out", [row(1, **original(url))], save_original_file=True)
    assert result["failed_originals"] == 1
    assert tree(Path(result["output_path"]) / "origin_files") == []


def test_s4_a_link_in_a_bundle_is_no_original(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    (bundle / "files/1").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (bundle / "files/1/a.jpg").symlink_to(tmp_path / "secret.txt")
    line = {
        "id": 1,
        "data": {"a": 1},
        "files_manifest": {"x": {"bundle_path": "files/1/a.jpg", "file_name_original": "a.jpg"}},
    }
    (bundle / "tasks.jsonl").write_text(json.dumps(line) + "\n")
    with OfflineClient(bundle, tmp_path / "out") as client:
        result = export_action_of(Plain).dispatch(params(save_original_file=True), context(client))
    assert result["failed_originals"] == 1
    assert tree(Path(result["output_path"]) / "origin_files") == []


def test_s7_no_signature_stands_in_any_list_or_log(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = store.serve("/gone", body(b"", 403)) + "?X-Signature=topsecret"
    tasks = [row(1, **original(gone)), row(2, data=presigned(gone, b"{}")), row(3)]
    logger = Listener()
    result = run(Plain, tmp_path, tasks, logger=logger, save_original_file=True)
    texts = [path.read_text(errors="replace") for path in Path(result["output_path"]).rglob("*") if path.is_file()]
    assert "topsecret" not in json.dumps(logger.entries, default=str)
    assert not [text for text in texts if "topsecret" in text]


# -- memory and speed ----------------------------------------------------------------------------------------


def test_p1_originals_share_connections_and_come_several_at_once(tmp_path: Path, store: Store) -> None:
    tasks = [
        row(n, data_unit={"files": {"x": {"file_name_original": f"{n}.jpg", "url": store.serve(f"/{n}", b"%d" % n)}}})
        for n in range(1, 41)
    ]
    result = run(Plain, tmp_path, tasks, save_original_file=True)
    folder = Path(result["output_path"]) / "origin_files"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {f"{n}.jpg": b"%d" % n for n in range(1, 41)}
    assert 1 < len(store.connections) <= 8
    assert len(store.asked) == 40


def test_p1_payloads_come_several_at_once_and_in_their_order(tmp_path: Path, store: Store) -> None:
    seen: list[int] = []

    class Watching(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            seen.append(data["id"])
            return data

    together = threading.Barrier(4)

    def late(number: int) -> Any:
        def answer(request: Any) -> None:
            if number <= 4:
                together.wait(10)
            body(b'{"n":%d}' % number)(request)

        return answer

    urls = [store.serve(f"/{n}", late(n)) for n in range(1, 41)]
    tasks = [row(n, data={"mode": "presigned", "presigned_url": url}) for n, url in enumerate(urls, 1)]
    result = run(Watching, tmp_path, tasks)
    assert seen == list(range(1, 41))
    assert labels(result)["img7"] == {"n": 7}


def test_p5_memory_does_not_grow_with_the_items(tmp_path: Path) -> None:
    class Half(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            if data["id"] % 2:
                raise ValueError("odd")
            return data

        def save_as_json(self, result: Any, base_path: Path, error_file_list: Any) -> Any:
            self._claimed(self._named(result))
            self.workplace.written += 1
            return "success"

        def additional_file_saving(self, unique_export_path: Path) -> None:
            (unique_export_path / "one").write_text("x")

    class Endless(MemoryClient):
        def __init__(self, count: int, folder: Path) -> None:
            super().__init__(storages={1: folder})
            self.count = count

        def _rows(self, target: str, filters: Mapping[str, Any]) -> Iterator[Any]:
            return (row(number, "same.jpg") for number in range(self.count))

        def _count(self, target: str, filters: Mapping[str, Any]) -> int:
            return self.count

    def peak(count: int) -> int:
        tracemalloc.start()
        result = run(Half, tmp_path, client=Endless(count, tmp_path), logger=NoOpLogger(), name=f"n{count}")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert result["failed_count"] == count // 2
        return most

    peak(50)
    small, large = peak(300), peak(1500)
    assert large - small < 1200 * 24


def test_p7_rows_are_counted_once(tmp_path: Path) -> None:
    client = MemoryClient(tasks=rows(5), storages={1: tmp_path})
    run(Plain, tmp_path, client=client)
    assert client.asked("count") == 1
    assert client.asked("rows") == 1


def test_p7_written_files_are_counted_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ExportContext] = []

    class Keeping(export_action_of(Plain)):  # type: ignore[misc]
        def _result(self, context: ExportContext, outcome: Mapping[str, Any]) -> dict[str, Any]:
            seen.append(context)
            result: dict[str, Any] = super()._result(context, outcome)
            return result

    run(Plain, tmp_path, rows(5), action=Keeping)
    assert seen[0].written_file_count == 5


# -- drift and dead knobs ------------------------------------------------------------------------------------


def test_d1_an_export_class_with_steps_alone_can_be_made_and_runs() -> None:
    from pydantic import BaseModel

    class Empty(BaseModel):
        pass

    class Counting(BaseStep[ExportContext]):
        name = "counting"
        progress_weight = 1.0

        def execute(self, context: ExportContext) -> StepResult:
            context.exported_count = 3
            return StepResult()

    class StepsOnly(BaseExportAction[Empty]):
        def setup_steps(self, registry: StepRegistry[ExportContext]) -> None:
            registry.register(Counting())

    result = StepsOnly.dispatch({}, context(None))
    assert (result["success"], result["exported_count"], result["steps_total"]) == (True, 3, 1)


@pytest.mark.parametrize("place", ["top", "extra", "config"])
def test_d3_a_knob_acts_wherever_it_is_given(tmp_path: Path, place: str) -> None:
    client = MemoryClient(tasks=rows(2), storages={1: tmp_path})
    knob = {"export_page_size": 7}
    places: dict[str, dict[str, Any]] = {"top": {**knob}, "extra": {"extra_params": knob}, "config": {}}
    given = places[place]
    run(Plain, tmp_path, client=client, config=knob if place == "config" else {}, **given)
    (asked,) = [arguments for method, arguments in client.calls if method == "rows"]
    assert asked[1]["page_size"] == 7


@pytest.mark.parametrize("word", ["false", "0", "no", "off", False, 0])
def test_d4_a_word_for_no_is_no(tmp_path: Path, word: Any) -> None:
    client = MemoryClient(assignments=rows(1), storages={1: tmp_path})
    run(Plain, tmp_path, client=client, config={"data_expand": word}, target="assignment")
    (asked,) = [arguments for method, arguments in client.calls if method == "rows"]
    assert "expand" not in asked[1]


def test_d6_converting_while_saving_leaves_the_steps_in_their_order(tmp_path: Path) -> None:
    logger = Listener()
    steps: list[tuple[str | None, int | None]] = []

    class Watching(BaseExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            steps.append((logger.get_step(), logger.get_step_order()))
            return data

    run(Watching, tmp_path, rows(60), logger=logger)
    assert set(steps) == {("save_files", 7)}
    converted = [percent for step, _, percent in logger.progressed if step == "convert_data"]
    saved = [percent for step, _, percent in logger.progressed if step == "save_files"]
    assert converted == [100]
    assert saved == sorted(saved)
    assert len(saved) > 3


def test_d9_the_result_names_the_folder_that_was_made(tmp_path: Path) -> None:
    first, second = run(Plain, tmp_path, rows(1)), run(Plain, tmp_path, rows(1))
    assert first["output_path"] == str(tmp_path / "exports/mine")
    assert second["output_path"] == str(tmp_path / "exports/mine(1)")
    assert first["export_path"] == second["export_path"] == str(tmp_path / "exports")


def test_d10_an_exporter_as_entry_point_is_wrapped_in_an_action(tmp_path: Path) -> None:
    action = export_action_of(Plain)
    assert issubclass(action, ExportAction)
    assert run(Plain, tmp_path, rows(1), action=action)["exported_count"] == 1


def test_d11_a_handler_with_the_signatures_of_the_document_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TargetHandlerFactory, "_handlers", dict(TargetHandlerFactory._handlers))

    class Seed(ExportTargetHandler):
        def get_results(self, client: Any, filters: dict[str, Any]) -> tuple[Any, int]:  # type: ignore[override]
            return iter([{"number": 4}]), 1

        def validate_filter(self, filters: dict[str, Any], client: Any) -> dict[str, Any]:
            return filters

        def get_export_item(self, results: Any) -> Iterator[Any]:
            for item in results:
                yield {"id": item["number"], "data": item, "files": {}}

    TargetHandlerFactory.register_handler("seed", Seed)
    assert labels(run(Plain, tmp_path, target="seed", filter={"anything": 1})) == {"4": {"number": 4}}


def test_d13_a_counted_answer_in_the_place_of_rows_is_taken_apart() -> None:
    from pydantic import BaseModel

    class Empty(BaseModel):
        pass

    class Document(BaseExportAction[Empty]):
        def get_filtered_results(self, filters: dict[str, Any]) -> tuple[Any, int]:
            events = self.client.list_ground_truth_events(params=filters, list_all=True)
            return events, len(events)

        def execute(self) -> list[Any]:
            results, total = self.get_filtered_results({})
            return [total, *(item["id"] for item in results)]

    client = MemoryClient(ground_truths=rows(2))
    assert isinstance(client.list_ground_truth_events(list_all=True), CountedRows)
    assert Document.dispatch({}, context(client)) == [2, 1, 2]
