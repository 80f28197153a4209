"""A client whose backend is a few lists: for tests and for the samples of the documentation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from exportkit.clients import IdentitySelection, LocalCalls, Row
from exportkit.clients.filter_keys import CLIENT_KEYS, PAGING_KEYS
from exportkit.clients.identity_keys import IDENTITY_KEYS
from exportkit.errors import FilterRefused
from exportkit.normalize.item import item_id

__all__ = ["MemoryClient", "NotFound"]

_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "gt": lambda value, bound: bool(value > bound),
    "gte": lambda value, bound: bool(value >= bound),
    "lt": lambda value, bound: bool(value < bound),
    "lte": lambda value, bound: bool(value <= bound),
    "in": lambda value, choices: value in choices,
}
_VERSIONS: Final = ("ground_truth_dataset_version", "ground_truth_dataset_versions")


class NotFound(LookupError):
    """The backend has no such thing."""


class MemoryClient(LocalCalls):
    """Answers as a server does: every known filter key is applied to the member of its name, unknown ones are refused.

    Every call is noted in :attr:`calls` as (method, filters), so that a test can say how often a thing was asked.
    """

    def __init__(
        self,
        *,
        assignments: Iterable[Row] = (),
        tasks: Iterable[Row] = (),
        ground_truths: Iterable[Row] = (),
        storages: Mapping[int, Path | Mapping[str, Any]] | None = None,
        projects: Mapping[int, Mapping[str, Any]] | None = None,
        versions: Iterable[int] | None = None,
    ) -> None:
        """Storages are folders, or documents as the backend gives them; projects are configurations.

        Without `projects` or `versions` every one of them exists.
        """
        self._tables: dict[str, Sequence[Row]] = {
            "assignment": list(assignments),
            "task": list(tasks),
            "ground_truth": list(ground_truths),
        }
        self._storages = dict(storages or {})
        self._projects = None if projects is None else dict(projects)
        self._versions = None if versions is None else set(versions)
        self.calls: list[tuple[str, Any]] = []

    def get_storage(self, storage_id: int) -> dict[str, Any]:
        self.calls.append(("get_storage", storage_id))
        if storage_id not in self._storages:
            raise NotFound(f"There is no storage {storage_id}.")
        storage = self._storages[storage_id]
        if isinstance(storage, Mapping):
            return {"id": storage_id, **storage}
        configuration = {"location": os.fspath(storage)}
        return {"id": storage_id, "name": "memory", "provider": "file_system", "configuration": configuration}

    def get_project(self, project_id: int) -> dict[str, Any]:
        self.calls.append(("get_project", project_id))
        if self._projects is None:
            return {"id": project_id, "configuration": {}}
        if project_id not in self._projects:
            raise NotFound(f"There is no project {project_id}.")
        return {"id": project_id, "configuration": dict(self._projects[project_id])}

    def get_ground_truth_dataset_version(self, version_id: int) -> dict[str, Any]:
        self.calls.append(("get_ground_truth_dataset_version", version_id))
        if self._versions is not None and version_id not in self._versions:
            raise NotFound(f"There is no ground-truth dataset version {version_id}.")
        return {"id": version_id, "ground_truth_dataset": version_id}

    def asked(self, method: str) -> int:
        """How often a method was called."""
        return sum(1 for name, _ in self.calls if name == method)

    def _rows(self, target: str, filters: Mapping[str, Any]) -> Iterator[Row]:
        self.calls.append(("rows", (target, dict(filters))))
        # Judged here, not at the first row.
        selection = IdentitySelection(filters)
        wanted = {
            key: value
            for key, value in filters.items()
            if key not in IDENTITY_KEYS | PAGING_KEYS | CLIENT_KEYS and value is not None
        }
        if "search" in wanted:
            raise FilterRefused("The filter search is not applied in memory; remove it.")
        return (
            row
            for row in self._tables[target]
            if (not selection or selection.admits(item_id(row)))
            and all(_holds(row, key, value) for key, value in wanted.items())
        )

    def _count(self, target: str, filters: Mapping[str, Any]) -> int:
        count = sum(1 for _ in self._rows(target, filters))
        self.calls[-1] = ("count", (target, dict(filters)))
        return count


def _holds(row: Row, key: str, value: Any) -> bool:
    """Whether a row has what a filter key asks for; a row that does not carry its scope is in every scope."""
    if key in _VERSIONS:
        carried = row.get(_VERSIONS[1], row.get(_VERSIONS[0]))
        return carried is None or bool(set(map(str, _listed(carried))) & set(map(str, _listed(value))))
    if key == "project" and "project" not in row:
        return True
    name, _, comparison = key.partition("__")
    if comparison in _COMPARISONS:
        return name in row and _COMPARISONS[comparison](row[name], _listed(value) if comparison == "in" else value)
    choices = _listed(value)
    return bool({str(choice) for choice in choices} & {str(member) for member in _listed(row.get(key))})


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
