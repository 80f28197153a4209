"""The three targets of the annotation backend: assignments, ground truth, tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from exportkit.actions.export_item import ExportItems
from exportkit.actions.payload import PayloadResolver
from exportkit.actions.target_handler import ExportTargetHandler, pair_of
from exportkit.clients import IdentitySelection, Row
from exportkit.clients.filter_keys import FILTER_KEYS, unsupported_keys
from exportkit.clients.objects import ObjectFetcher
from exportkit.errors import FilterRefused

__all__ = ["AssignmentExportTargetHandler", "GroundTruthExportTargetHandler", "TaskExportTargetHandler"]

#: Paging keys that would leave rows out of an export without a word.
_PARTIAL = ("page", "cursor", "fields")


class _BackendTargetHandler(ExportTargetHandler):
    """What the three have in common: list everything under known filter keys, by a unique key."""

    EXPORT_RESPONSE_MODE = "presigned"
    EXPORT_PAGINATION = "cursor"
    EXPORT_CURSOR_ORDERING = "-id"
    RESUME_ORDERING: ClassVar[str | None] = "-id"
    #: Word for the target in filters and messages.
    target: ClassVar[str]
    #: Keys of which one is needed, since they say what is exported at all.
    required: ClassVar[tuple[str, ...]] = ("project",)
    expand: ClassVar[Any] = "data"

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__(config)
        self._client: Any = None

    def validate_filter(self, value: dict[str, Any], client: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise FilterRefused(f"The filter must be an object of keys and values, not {value!r}.")
        self.reject_unsupported_filters(value)
        self.reject_oversized_filter(value)
        IdentitySelection(value)
        # An offline source is one scope: what its rows belong to need not be told.
        if not getattr(client, "offline", False) and not any(_given(value.get(key)) for key in self.required):
            names = " or ".join(repr(key) for key in self.required)
            raise FilterRefused(f"The filter of the target {self.target} needs {names}.")
        return value

    def reject_unsupported_filters(self, filters: Mapping[str, Any]) -> None:
        unknown = unsupported_keys(self.target, filters)
        if unknown:
            supported = ", ".join(sorted(FILTER_KEYS[self.target]))
            raise FilterRefused(
                f"The filter key {', '.join(map(repr, unknown))} is not supported for {self.target}; "
                f"supported: {supported}."
            )
        ordering = filters.get("ordering", filters.get("sort"))
        if ordering not in {None, self.EXPORT_CURSOR_ORDERING}:
            raise FilterRefused(
                f"An export is ordered by {self.EXPORT_CURSOR_ORDERING}, a unique key, so that no row is lost; "
                f"remove the ordering {ordering!r}."
            )
        for key in _PARTIAL:
            if filters.get(key) is not None:
                raise FilterRefused(f"{key!r} would leave rows out of the export; remove it from the filter.")

    def get_results(
        self,
        client: Any,
        filters: dict[str, Any],
        *,
        ctx: Any = None,
        page_failures: list[dict[str, Any]] | None = None,
        save_original_file: bool = False,
    ) -> tuple[Iterable[Row], int]:
        """All rows under the filter. Raises FilterRefused before anything is asked for."""
        self.reject_unsupported_filters(filters)
        self._client = client
        answer = getattr(client, self._list_method)(params=self.request(filters), list_all=True)
        rows, total = pair_of(answer, self._list_method)
        return rows, total  # type: ignore[return-value]  # a total that is not known stays unknown

    def request(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent: the filter, and how the list is to be paged. What the caller gave wins where it may."""
        size = filters.get("page_size")
        if size is not None:
            if isinstance(size, bool) or not isinstance(size, int):
                raise ValueError(f"page_size must be a whole number, not {size!r}.")
            self._require_page_size("page_size", size)
        asked = {
            "page_size": self.EXPORT_PAGE_SIZE,
            "response_mode": self.EXPORT_RESPONSE_MODE,
            "pagination": self.EXPORT_PAGINATION,
            "ordering": self.EXPORT_CURSOR_ORDERING,
            **{key: value for key, value in filters.items() if value is not None and key != "sort"},
        }
        if self.config.get("data_expand", True) is not False:
            asked.setdefault("expand", self.expand)
        return asked

    def get_export_item(self, results: Any) -> ExportItems:
        return ExportItems(results, PayloadResolver(ObjectFetcher.shared(), self._reissued))

    def resume_cursor(self, last_item: Mapping[str, Any] | None) -> dict[str, Any] | None:
        identity = (last_item or {}).get("id")
        if self.RESUME_ORDERING is None or isinstance(identity, bool) or not isinstance(identity, int):
            return None
        return {"id__lt": identity}

    def _reissued(self, row: Row) -> Row | None:
        """The row with a fresh URL for its payload, asked for by its id."""
        if self._client is None or row.get("id") is None:
            return None
        params = {"id": row["id"], "page_size": 1, "response_mode": self.EXPORT_RESPONSE_MODE, "expand": self.expand}
        page = getattr(self._client, self._list_method)(params=params, list_all=False)
        results = page.get("results") if isinstance(page, Mapping) else None
        return next((found for found in results or () if found.get("id") == row["id"]), None)

    @property
    def _list_method(self) -> str:
        return self.REFRESH_LIST_METHOD or ""


class TaskExportTargetHandler(_BackendTargetHandler):
    """Tasks of a project, with their data units."""

    target = "task"
    expand = ["data_unit"]  # noqa: RUF012 - sent as it is
    EXPORT_PAGE_SIZE = 50
    EXPORT_THROTTLE_SECONDS = 0.2
    REFRESH_LIST_METHOD = "list_tasks"

    def request(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().request(filters), "expand": ["data_unit"]}


class AssignmentExportTargetHandler(_BackendTargetHandler):
    """Assignments of a project: the work of labelers and reviewers."""

    target = "assignment"
    EXPORT_PAGE_SIZE = 100
    REFRESH_LIST_METHOD = "list_assignments"


class GroundTruthExportTargetHandler(_BackendTargetHandler):
    """Ground truth of dataset versions, given by the ids of the versions."""

    target = "ground_truth"
    required = ("ground_truth_dataset_version", "ground_truth_dataset_versions")
    EXPORT_PAGE_SIZE = 200
    EXPORT_CURSOR_ORDERING = "-pgh_id"
    # An event's own key pages the list; the record's id does not say where to go on.
    RESUME_ORDERING = None
    REFRESH_LIST_METHOD = "list_ground_truth_events"

    def validate_filter(self, value: dict[str, Any], client: Any) -> dict[str, Any]:
        super().validate_filter(value, client)
        look_up = getattr(client, "get_ground_truth_dataset_version", None)
        for version in versions_of(value):
            if look_up is None:
                break
            try:
                look_up(version)
            except Exception as error:
                raise FilterRefused(f"There is no ground-truth dataset version {version!r} ({error}).") from error
        return value

    def request(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        return super().request(plural_versions(filters))


def versions_of(filters: Mapping[str, Any]) -> list[Any]:
    """Ids of the dataset versions that a filter names, by the singular key, the plural one, or both."""
    found: list[Any] = []
    for key in GroundTruthExportTargetHandler.required:
        value = filters.get(key)
        listed = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
        found += [version for version in listed if _given(version) and version not in found]
    return found


def plural_versions(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The filter as servers know it: dataset versions under the plural key, as a list."""
    single, several = GroundTruthExportTargetHandler.required
    renamed = {key: value for key, value in filters.items() if key not in {single, several}}
    versions = versions_of(filters)
    return {**renamed, several: versions} if versions else renamed


def _given(value: Any) -> bool:
    return value is not None and value not in ("", [], ())
