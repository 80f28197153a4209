"""What a plugin's transform gets for one row: the mapping ``{data, files, id, files_all}``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from exportkit.clients import Row
from exportkit.errors import RecordFault
from exportkit.normalize.item import item_id
from exportkit.storage.safe_path import judge_input_path
from exportkit.wire import choose_entry, is_wrapper

if TYPE_CHECKING:
    from exportkit.clients import BundleSource

__all__ = ["ExportItem", "ExportItems", "Resolve"]

#: Payloads that are fetched at once, and rows that may be ahead of their turn.
_WORKERS: Final = 8
_WINDOW: Final = 8
#: Gives the payload of (data, row), or raises what the item fails with.
Resolve = Callable[[Any, Row], Any]


class ExportItem(dict[str, Any]):
    """A plain mapping for plugins, which remembers the row that it was made of.

    `fault` is set where the row cannot be exported as it is; such an item fails and the run goes on.
    """

    __slots__ = ("fault", "row")

    def __init__(self, members: Mapping[str, Any], row: Row | None = None, fault: Exception | None = None) -> None:
        super().__init__(members)
        self.row = row
        self.fault = fault


class ExportItems(Iterator[ExportItem]):
    """The items of rows, made one at a time; payloads that lie elsewhere are fetched a few rows ahead, in order.

    `bundle` is the bundle that the rows stand for as a whole and unchanged, or None; so a consumer that reads bundles
    itself may take it instead of the items.
    """

    def __init__(self, rows: Iterable[Row], resolve: Resolve) -> None:
        self.rows = rows
        self.bundle: BundleSource | None = getattr(rows, "bundle", None)
        self._prefix: str = getattr(rows, "prefix", "") or ""
        self._resolve = resolve
        self._made: Iterator[ExportItem] | None = None

    def __iter__(self) -> ExportItems:
        return self

    def __next__(self) -> ExportItem:
        if self._made is None:
            self._made = self._in_order()
        return next(self._made)

    def _in_order(self) -> Iterator[ExportItem]:
        """Items of rows in their order. Threads exist only while payloads have to be fetched."""
        ahead: deque[Future[ExportItem]] = deque()
        pool: ThreadPoolExecutor | None = None
        try:
            for row in self.rows:
                if pool is None and isinstance(row, Mapping) and is_wrapper(row.get("data")):
                    pool = ThreadPoolExecutor(_WORKERS, "exportkit-payloads")
                if pool is None:
                    yield item_of(row, self._resolve, self._prefix)
                    continue
                ahead.append(pool.submit(item_of, row, self._resolve, self._prefix))
                if len(ahead) > _WINDOW:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)


def item_of(row: Any, resolve: Resolve, prefix: str = "") -> ExportItem:
    """The item of a row (wire contract, sections 5, 7 and 16); what is wrong with the row stands in its `fault`."""
    members: dict[str, Any] = {"data": None, "files": {}, "id": None, "files_all": {}}
    if not isinstance(row, Mapping):
        return ExportItem(members, row, RecordFault("E_NOT_OBJECT", f"The row is no object but {type(row).__name__}."))
    members["id"] = row.get("id", row.get("pgh_id"))
    try:
        members["id"] = item_id(row)
        entry, _, entries = choose_entry(row)
        members["files"] = _placed(entry, prefix) if entry is not None else {}
        members["files_all"] = {
            name: _placed(value, prefix) if isinstance(value, dict) else value for name, value in entries.items()
        }
        members["data"] = resolve(row.get("data"), row)
    except Exception as error:  # noqa: BLE001 - the border of one item
        return ExportItem(members, row, error)
    return ExportItem(members, row)


def _placed(entry: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The entry with the place of its file below the bundle as its URL; its name is left alone."""
    path = entry.get("bundle_path")
    if path is None:
        return dict(entry)
    reason = judge_input_path(path) if isinstance(path, str) else "is no text"
    if reason is not None:
        raise RecordFault("E_PATH_UNSAFE", f"The bundle_path {str(path)[:120]!r} {reason}.", "$.files_manifest")
    return {**entry, "url": f"{prefix.rstrip('/')}/{path}" if prefix else path}
