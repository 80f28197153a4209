"""Datasets of an exporter that changes its items first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.actions.workshop import row, run

from exportkit.actions import FormatExporter


class Renaming(FormatExporter):
    """Puts its conversion on the instance, as exporters that are configured by their params do."""

    def __init__(self, *arguments: Any, **params: Any) -> None:
        super().__init__(*arguments, **params)
        self.convert_data = self._renamed  # type: ignore[method-assign]

    @staticmethod
    def _renamed(data: dict[str, Any]) -> dict[str, Any]:
        for annotation in data["data"]["annotations"]:
            annotation["category"] = "dog"
        return data


def sized(number: int) -> dict[str, Any]:
    made = row(number)
    made["data_unit"] |= {"width": 50, "height": 40}
    return made


def test_a_conversion_that_stands_on_the_instance_counts(tmp_path: Path) -> None:
    result = run(Renaming, tmp_path, [sized(1), sized(2)], formats=["coco"])
    assert result["datasets"][0]["classes"] == ["dog"]
    assert result["reconcile"] == {"listed": 2, "written": 2, "failed": 0, "gone": 0, "filtered": 0}


def test_what_a_plugin_cannot_convert_is_listed_beside_what_it_can(tmp_path: Path) -> None:
    class Careful(FormatExporter):
        def convert_data(self, data: dict[str, Any]) -> Any:
            return {1: [1], 2: None, 3: (part for part in (1,))}.get(data["id"], data)

    result = run(Careful, tmp_path, [sized(number) for number in range(1, 6)], formats=["coco"])
    errors = result["datasets"][0]["errors"]
    assert [(error["id"], error["step"], error["plugin"]) for error in errors] == [
        (number, "convert_data", "Careful") for number in (1, 2, 3)
    ]
    assert (result["exported_count"], result["failed_count"], result["status"]) == (2, 3, "partial")
