"""A client that knows one folder and no rows: for actions that bring rows of their own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from exportkit.clients.calls import LocalCalls
from exportkit.clients.counted_rows import Row
from exportkit.errors import UsageError

__all__ = ["FolderClient"]


class FolderClient(LocalCalls):
    """Every storage is the folder `output`, every project and dataset version exists, and nobody has a row."""

    #: Tells an export why it runs in process without a word of warning.
    offline: ClassVar[bool] = True

    def __init__(self, output: Path) -> None:
        self.output = output

    def get_storage(self, storage_id: int) -> dict[str, Any]:
        return {
            "id": storage_id,
            "name": "offline",
            "category": "internal",
            "provider": "file_system",
            "configuration": {"location": os.fspath(self.output)},
            "is_default": False,
        }

    def get_project(self, project_id: int) -> dict[str, Any]:
        return {"id": project_id, "configuration": {}}

    def get_ground_truth_dataset_version(self, version_id: int) -> dict[str, Any]:
        return {"id": version_id, "ground_truth_dataset": {"id": version_id}}

    def _rows(self, target: str, filters: Mapping[str, Any]) -> Iterable[Row]:
        raise UsageError(f"There is nobody to ask for rows of the target {target}; give a bundle with --source.")

    def _count(self, target: str, filters: Mapping[str, Any]) -> int:
        raise UsageError(f"There is nobody to ask for rows of the target {target}; give a bundle with --source.")
