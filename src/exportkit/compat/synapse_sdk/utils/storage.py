"""Folders of local storages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exportkit.actions.export_output import storage_root

__all__ = ["get_path_file_count", "get_path_total_size", "get_pathlib"]


def get_pathlib(storage_config: Mapping[str, Any], path_root: str) -> Path:
    """The folder ``path_root`` of a storage. Raises UsageError for a storage that is no local folder."""
    return storage_root(storage_config) / path_root.lstrip("/")


def get_path_file_count(storage_config: Mapping[str, Any], path_root: str) -> int:
    """How many files lie in a folder of a storage, at any depth."""
    return sum(1 for path in get_pathlib(storage_config, path_root).rglob("*") if path.is_file())


def get_path_total_size(storage_config: Mapping[str, Any], path_root: str) -> int:
    """Their bytes together."""
    return sum(path.stat().st_size for path in get_pathlib(storage_config, path_root).rglob("*") if path.is_file())
