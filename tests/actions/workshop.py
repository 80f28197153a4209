"""Rows, clients and runs for the tests of actions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from exportkit.actions import BaseExporter, ExportAction, export_action_of
from exportkit.runtime import BaseLogger, LogLevel, PluginEnvironment, RuntimeContext
from exportkit.testing import MemoryClient

__all__ = ["Listener", "context", "labels", "params", "row", "rows", "run", "tree"]


class Listener(BaseLogger):
    """Keeps every entry and every update of progress."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[str, dict[str, Any], str | None, LogLevel | None]] = []
        self.progressed: list[tuple[str | None, int | None, float]] = []

    def _log_impl(
        self, event: str, data: dict[str, Any], file: str | None, step: str | None, level: LogLevel | None = None
    ) -> None:
        self.entries.append((event, data, step, level))

    def _on_progress(self, progress: Any, step: str | None) -> None:
        self.progressed.append((step, self.get_step_order(), progress.percent))

    def events(self, name: str) -> list[dict[str, Any]]:
        return [data for event, data, _, _ in self.entries if event == name]

    def message_keys(self) -> list[str]:
        return [data["key"] for data in self.events("message") if data.get("key")]


def row(number: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    """A task in the seed's simple schema; its file has a name and no place."""
    return {
        "id": number,
        "data": {"annotations": [{"category": "car", "bbox": [1, 2, 3, 4]}]},
        "data_unit": {"id": 100 + number, "files": {"image_1": {"file_name_original": name or f"img{number}.jpg"}}},
        **more,
    }


def rows(count: int) -> list[dict[str, Any]]:
    return [row(number) for number in range(1, count + 1)]


def params(**more: Any) -> dict[str, Any]:
    return {
        "storage": 1,
        "name": "mine",
        "path": "exports",
        "save_original_file": False,
        "target": "task",
        "filter": {"project": 1},
        **more,
    }


def context(client: Any, logger: BaseLogger | None = None, **more: Any) -> RuntimeContext:
    return RuntimeContext(logger or Listener(), PluginEnvironment(), client=client, **more)


def run(
    exporter: type[BaseExporter],
    folder: Path,
    tasks: Iterable[Mapping[str, Any]] = (),
    *,
    client: Any = None,
    logger: BaseLogger | None = None,
    config: Mapping[str, Any] | None = None,
    action: type[ExportAction] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Export tasks through an exporter, as the default action does. The fallback's warning is expected."""
    import pytest

    client = client or MemoryClient(tasks=tasks, storages={1: folder})
    cls = action or export_action_of(exporter)
    with pytest.warns(DeprecationWarning, match="in process"):
        result: dict[str, Any] = cls.dispatch(params(**more), context(client, logger), config=config)
    return result


def labels(result: Mapping[str, Any]) -> dict[str, Any]:
    """Label files of a published export by name."""
    folder = Path(result["output_path"]) / "labels"
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir())}


def tree(folder: Path) -> list[str]:
    """Every file and empty folder below a folder."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() or not any(path.iterdir())
    )
