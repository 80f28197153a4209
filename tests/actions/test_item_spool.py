"""What becomes of converted items on their way to the writers of datasets."""

from __future__ import annotations

import json
from collections import UserDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exportkit.actions.export_item import ExportItem
from exportkit.actions.item_spool import spool_items
from exportkit.wire.tolerant import tolerant_loads


@pytest.fixture(autouse=True, params=["compiled", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to a line have to come to the same."""
    if request.param == "plain":
        monkeypatch.setattr("exportkit.actions.item_spool.core", None)


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

    monkeypatch.setattr("exportkit.actions.item_spool._EXACT", Refusing())

    rows, lost = spooled(tmp_path, {"annotations": [{"score": None, "bbox": [0.5, 1, 2.25, 1e300], "track": None}]})

    assert (len(rows), lost) == (1, [])
