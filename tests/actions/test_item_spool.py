"""What becomes of converted items on their way to the writers of datasets."""

from __future__ import annotations

import json
from collections import UserDict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exportkit.actions.export_item import ExportItem
from exportkit.actions.item_spool import spool_items
from exportkit.errors import LocalIOError, RecordFault, UsageError
from exportkit.storage.run_directory import ACQUIRED, RunDirectory, run_folder
from exportkit.wire.tolerant import tolerant_loads
from exportkit.writing.ledger import Entry


@pytest.fixture(autouse=True, params=["compiled", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to a line have to come to the same."""
    if request.param == "plain":
        monkeypatch.setattr("exportkit.actions.row_line.core", None)


def spooled(folder: Path, *payloads: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Lines and losses of items with these payloads."""
    items = [
        ExportItem({"id": number, "data": payload, "files": {}, "files_all": {}}, {"id": number})
        for number, payload in enumerate(payloads, 1)
    ]
    made = spool_items(items, folder, "task", lambda item: item, plugin="Mine")
    lines = [line for path in sorted((made.bundle / "task").iterdir()) for line in path.read_bytes().splitlines()]
    return [tolerant_loads(line) for line in lines], [json.loads(line) for line in made.lost.read_text().splitlines()]


@pytest.mark.parametrize(
    "payload",
    [
        {"annotations": [{"bbox": [1.0, 0.1, 1e300, -0.0], "n": 2**63, "text": "\u2028\x00\x7f 얼룩말"}]},
        {"annotations": [{"attributes": {"none": None, "yes": True, "null": "null"}}]},
        {"annotations": [{"x": 1 << 300}], "line\nend\r": "\r\n"},
    ],
)
def test_values_come_through_as_they_are(tmp_path: Path, payload: dict[str, Any]) -> None:
    (row,), lost = spooled(tmp_path, payload)
    assert (repr(row["data"]), lost) == (repr(payload), [])


@pytest.mark.parametrize("beside", [1, None, "null"])
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_stays_one(tmp_path: Path, number: float, beside: object) -> None:
    (row,), _ = spooled(tmp_path, {"annotations": [{"bbox": [number, beside]}]})
    assert repr(row["data"]["annotations"][0]["bbox"]) == repr([number, beside])


@pytest.mark.parametrize("beside", [1, None])
def test_a_null_nearby_does_not_change_what_may_be_stored(tmp_path: Path, beside: object) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    (row,), lost = spooled(tmp_path, {"at": moment, "set": {1}, "pair": (1, 2), "beside": beside})
    assert (row["data"]["at"], row["data"]["set"], lost) == ("2026-01-02T00:00:00Z", [1], [])


def test_sets_are_written_in_one_order_whatever_that_of_the_run_is(tmp_path: Path) -> None:
    words = [f"word {number}" for number in range(100)]
    (row,), lost = spooled(tmp_path, {"words": set(words), "pairs": [frozenset({(2, "b"), (1, "a")})]})
    assert (row["data"], lost) == ({"words": sorted(words), "pairs": [[[1, "a"], [2, "b"]]]}, [])


def test_what_no_line_can_hold_costs_its_item_alone(tmp_path: Path) -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    rows, lost = spooled(
        tmp_path, {"a": 1}, endless, {"o": object()}, {"u": UserDict()}, {"deep": deep}, {(1, 2): 3}, {"b": 1}
    )
    assert [row["id"] for row in rows] == [1, 7]
    assert [entry["id"] for entry in lost] == [2, 3, 4, 5, 6]
    assert {entry["step"] for entry in lost} == {"convert_data"}


class Mute(Exception):
    """An exception whose own text raises."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_an_exception_without_a_text_costs_its_item_alone_and_is_told(tmp_path: Path) -> None:
    items = [ExportItem({"id": n, "data": {}, "files": {}, "files_all": {}}, {"id": n}) for n in (1, 2, 3)]

    def convert(item: ExportItem) -> ExportItem:
        if item["id"] == 2:
            raise Mute
        return item

    made = spool_items(items, tmp_path, "task", convert, plugin="Mine")

    (lost,) = (json.loads(line) for line in made.lost.read_text().splitlines())
    assert (made.records, made.failed, lost["id"], lost["code"]) == (2, 1, 2, "E_WRITER")
    assert lost["message"].startswith("Mute: ")


def test_nulls_do_not_send_a_payload_through_the_exact_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(json.JSONEncoder):
        def encode(self, o: Any) -> str:
            raise AssertionError("the exact encoder is for numbers that are not finite")

    monkeypatch.setattr("exportkit.actions.row_line._EXACT", Refusing())

    rows, lost = spooled(tmp_path, {"annotations": [{"score": None, "bbox": [0.5, 1, 2.25, 1e300], "track": None}]})

    assert (len(rows), lost) == (1, [])


def item(number: int, **more: Any) -> ExportItem:
    files = {"file_name_original": f"{number}.jpg", "meta": {"width": 9, "height": 9}}
    source = {"id": number, "data": {"annotations": []}, "files_manifest": {"image_1": files}, "split": "val"}
    members = {"id": number, "data": source["data"], "files": dict(files), "files_all": {"image_1": dict(files)}}
    return ExportItem(members | more, source)


def through(folder: Path, convert: Callable[[Any], Any], *items: Any, **more: Any) -> tuple[list[Any], list[Any]]:
    """Lines and losses of items that go through ``convert``."""
    made = spool_items(items, folder, "task", convert, plugin="Mine", **more)
    lines = [line for path in sorted((made.bundle / "task").glob("*")) for line in path.read_bytes().splitlines()]
    return [tolerant_loads(line) for line in lines], [json.loads(line) for line in made.lost.read_text().splitlines()]


@pytest.mark.parametrize("gone", [("id",), ("files",), ("id", "files", "files_all")])
def test_a_plugin_that_empties_its_item_does_not_change_whose_it_is(tmp_path: Path, gone: tuple[str, ...]) -> None:
    def convert(given: ExportItem) -> ExportItem:
        for key in gone:
            del given[key]
        return given

    (line,), lost = through(tmp_path, convert, item(3))

    assert (line["id"], line["split"], lost) == (3, "val", [])
    assert line["files_manifest"]["image_1"]["file_name_original"] == "3.jpg"


def test_a_result_without_an_id_goes_by_that_of_its_item(tmp_path: Path) -> None:
    lines, lost = through(tmp_path, lambda given: given | {"id": None}, item(3))
    assert ([line["id"] for line in lines], lost) == ([3], [])


def test_what_a_killed_run_spooled_is_gone_when_the_next_one_goes_on(tmp_path: Path) -> None:
    left = run_folder(tmp_path / "out") / "spool"
    for name in ("converted", ACQUIRED):
        (left / name / "items").mkdir(parents=True)
        (left / name / "items" / "manifest.json").write_text("torn")
    left.parent.chmod(0o700)
    with RunDirectory(tmp_path / "out", resumable=True) as run:
        assert [path.name for path in run.spool.iterdir()] == [ACQUIRED]


def test_a_plugin_that_empties_its_item_and_fails_is_told_by_the_item(tmp_path: Path) -> None:
    def convert(given: ExportItem) -> None:
        given.clear()
        raise ValueError("no")

    _, (lost,) = through(tmp_path, convert, item(3))

    assert lost["id"] == 3


def test_a_file_that_is_renamed_in_place_goes_by_its_new_name(tmp_path: Path) -> None:
    def convert(given: ExportItem) -> Any:
        given["files"]["file_name_original"] = "new.jpg"
        return given if given["id"] == 1 else {"annotations": []}

    lines, _ = through(tmp_path, convert, item(1), item(2))

    assert [line["files_manifest"]["image_1"]["file_name_original"] for line in lines] == ["new.jpg", "new.jpg"]


def test_items_that_are_plain_mappings_are_items_too(tmp_path: Path) -> None:
    files = {"file_name_original": "a.jpg"}
    plain = {"id": 1, "data": {"annotations": []}, "files": files, "files_all": {}}
    lines, lost = through(tmp_path, lambda given: given, plain, {"id": 2, "data": {"annotations": []}})

    assert lost == []
    assert [(line["id"], line.get("files_manifest")) for line in lines] == [
        (1, {"image_1": files | {"is_primary": True}}),
        (2, None),
    ]


@pytest.mark.parametrize("thing", [None, 5, "text", [1], object()])
def test_what_is_no_item_costs_itself_alone(tmp_path: Path, thing: Any) -> None:
    lines, lost = through(tmp_path, lambda given: given, item(1), thing, item(2))
    assert ([line["id"] for line in lines], [entry["id"] for entry in lost]) == ([1, 2], [None])


def test_a_plugin_that_exits_on_an_item_loses_that_item(tmp_path: Path) -> None:
    def convert(given: ExportItem) -> ExportItem:
        if given["id"] == 2:
            raise SystemExit(3)
        return given

    lines, (lost,) = through(tmp_path, convert, item(1), item(2), item(3))

    assert ([line["id"] for line in lines], lost["id"], lost["step"]) == ([1, 3], 2, "convert_data")


def test_a_full_disk_is_no_fault_of_an_item(tmp_path: Path) -> None:
    def convert(given: ExportItem) -> ExportItem:
        (tmp_path / "items").write_text("in the way")
        return given

    with pytest.raises(LocalIOError):
        through(tmp_path, convert, item(1))


def test_what_ends_a_run_elsewhere_ends_it_here(tmp_path: Path) -> None:
    def convert(_given: ExportItem) -> None:
        raise UsageError("The colours are no colours; correct the params.")

    with pytest.raises(UsageError, match="no colours"):
        through(tmp_path, convert, item(1))


def test_a_fault_that_a_plugin_raises_keeps_its_code_and_is_the_plugin_s(tmp_path: Path) -> None:
    def convert(_given: ExportItem) -> None:
        raise RecordFault("E_BOX_ZERO_AREA", "no area", "$.data")

    broken = item(2)
    broken.fault = RecordFault("E_FILES_MANIFEST", "no files", "$.files_manifest")
    _, (raised, fault) = through(tmp_path, convert, item(1), broken)

    assert (raised["code"], raised["step"], raised["plugin"]) == ("E_BOX_ZERO_AREA", "convert_data", "Mine")
    assert (fault["code"], fault["step"], fault["plugin"]) == ("E_FILES_MANIFEST", "fetch_results", None)


@pytest.mark.parametrize("identity", [1.5, True, [1], 1 << 70, {"a": 1}, "\ud800", float("nan"), b"x"])
def test_a_loss_is_told_whatever_the_id_is(tmp_path: Path, identity: Any) -> None:
    broken = ExportItem(
        {"id": identity, "data": None, "files": {}}, None, RecordFault("E_ID_TYPE", "bad \ud800", "$.id")
    )
    made = spool_items([broken], tmp_path, "task", lambda given: given, plugin="Mine")
    (lost,) = (msgspec.json.decode(line, type=Entry) for line in made.lost.read_bytes().splitlines())
    assert isinstance(lost.id, str)
    assert lost.code == "E_ID_TYPE"


def test_items_that_a_plugin_keeps_and_changes_later_are_written_as_they_were(tmp_path: Path) -> None:
    kept: list[ExportItem] = []

    def convert(given: ExportItem) -> ExportItem:
        for earlier in kept:
            earlier["data"]["annotations"].append("late")
            earlier["id"] = 99
        kept.append(given)
        return given

    lines, _ = through(tmp_path, convert, item(1), item(2), item(3))

    assert [(line["id"], line["data"]) for line in lines] == [(n, {"annotations": []}) for n in (1, 2, 3)]


def test_one_payload_for_all_items_is_written_for_each(tmp_path: Path) -> None:
    same: dict[str, Any] = {"annotations": [], "count": 0}

    def convert(_given: ExportItem) -> dict[str, Any]:
        same["count"] += 1
        return same

    lines, _ = through(tmp_path, convert, item(1), item(2))

    assert [(line["id"], line["data"]["count"]) for line in lines] == [(1, 1), (2, 2)]


def test_a_generator_in_place_of_a_result_or_within_one_costs_its_item(tmp_path: Path) -> None:
    def convert(given: ExportItem) -> Any:
        number: int = given["id"]
        if number == 1:
            return (part for part in (1,))
        return given | {"data": {"annotations": (part for part in (1,))}} if number == 2 else given

    lines, lost = through(tmp_path, convert, item(1), item(2), item(3))

    assert ([line["id"] for line in lines], [entry["id"] for entry in lost]) == ([3], [1, 2])


@pytest.mark.parametrize("keys", [(1, "1"), (True, "true"), (None, "null"), (1.5, "1.5")])
def test_keys_that_become_one_cost_their_item_instead_of_a_value(tmp_path: Path, keys: tuple[Any, Any]) -> None:
    payload = {"annotations": [{"attributes": dict.fromkeys(keys, 1)}]}
    lines, (lost,) = through(tmp_path, lambda given: given, item(1, data=payload), item(2, data={1: 2, "a": {3: 4}}))
    assert (lost["id"], lost["step"]) == (1, "convert_data")
    assert [line["data"] for line in lines] == [{"1": 2, "a": {"3": 4}}]
