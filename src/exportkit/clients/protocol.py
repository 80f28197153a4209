"""What a client of the annotation backend offers to an export; any object with these methods is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from exportkit.clients.counted_rows import CountedRows, Row

__all__ = ["ExportClient", "OriginalSource", "RowSource"]


@runtime_checkable
class OriginalSource(Protocol):
    """Where files named by a `bundle_path` lie."""

    def open(self, path: str) -> int:
        """A read-only descriptor, which the caller closes. Raises BeneathError with its reason."""
        ...


class RowSource(Protocol):
    """The calls that plugins of the seed make: filters in, rows and their number out."""

    def get_assignments(self, filters: Mapping[str, Any] | None = None) -> CountedRows:
        """Assignments and how many there are."""
        ...

    def get_tasks(self, filters: Mapping[str, Any] | None = None) -> CountedRows:
        """Tasks and how many there are."""
        ...

    def get_assignments_stream(self, filters: Mapping[str, Any] | None = None) -> Iterable[Row]:
        """Assignments, lazily."""
        ...

    def count_assignments(self, filters: Mapping[str, Any] | None = None) -> int:
        """How many assignments there are."""
        ...


class ExportClient(RowSource, Protocol):
    """What the steps of an export call besides.

    The list calls give one page ``{count, next, previous, results}``, or everything as
    :class:`~exportkit.clients.CountedRows` with ``list_all``.
    """

    def list_tasks(self, params: Mapping[str, Any] | None = None, *, list_all: bool = False) -> Any:
        """Tasks."""
        ...

    def list_assignments(self, params: Mapping[str, Any] | None = None, *, list_all: bool = False) -> Any:
        """Assignments."""
        ...

    def list_ground_truth_events(self, params: Mapping[str, Any] | None = None, *, list_all: bool = False) -> Any:
        """Events of ground-truth dataset versions."""
        ...

    def get_storage(self, storage_id: int) -> dict[str, Any]:
        """``{id, provider, configuration, …}`` of a storage; raises where there is none."""
        ...

    def get_project(self, project_id: int) -> dict[str, Any]:
        """``{id, configuration, …}`` of a project."""
        ...

    def get_ground_truth_dataset_version(self, version_id: int) -> dict[str, Any]:
        """``{id, ground_truth_dataset}`` of a version."""
        ...
