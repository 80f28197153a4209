"""Rows as they come, held against what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from exportkit.clients import IdentitySelection, Row
from exportkit.errors import IncompleteExport, RecordFault
from exportkit.normalize.item import item_id
from exportkit.wire import canonical_item, restored_item

__all__ = ["AcquiredRows", "ItemHook"]

#: Keeps, replaces or drops a row.
ItemHook = Callable[[dict[str, Any]], dict[str, Any] | None]


class AcquiredRows:
    """The rows of a source, each judged by the id-space keys of the filter and by the hooks of plugins.

    What the source says of itself (`bundle`, `originals`, `prefix`, `faults`) is passed on. `dropped` counts the rows
    that hooks left out.
    """

    def __init__(self, rows: Iterable[Row], filters: Mapping[str, Any], hook: ItemHook | None = None) -> None:
        self._rows = rows
        self._selection = IdentitySelection(filters)
        self._hook = hook
        self.dropped = 0
        self.bundle = getattr(rows, "bundle", None) if hook is None else None
        self.originals = getattr(rows, "originals", None)
        self.prefix = getattr(rows, "prefix", "")
        #: Items that were listed and came to no row: in a file, and those that were deleted meanwhile.
        self.lost = getattr(rows, "lost", None)
        self.gone = getattr(rows, "gone", 0)

    @property
    def faults(self) -> Iterable[Any]:
        """Lines that gave no row."""
        return getattr(self._rows, "faults", None) or ()

    def __iter__(self) -> Iterator[Row]:
        selection, hook = self._selection, self._hook
        self.dropped = 0
        row: Any
        for row in self._rows:
            if selection and not self._asked_for(row):
                raise IncompleteExport(
                    f"The source gave the row {row.get('id')!r}, which the filter does not ask for; "
                    "nothing was published, since it would be too much."
                )
            if hook is None or not isinstance(row, Mapping):
                yield row
                continue
            try:
                item = canonical_item(row)
            except RecordFault:  # no item can be made of it, which is found out where it is converted
                yield row
                continue
            kept = hook(item)
            if kept is None:
                self.dropped += 1
            else:
                yield restored_item(kept, row)

    def _asked_for(self, row: Any) -> bool:
        if not isinstance(row, Mapping):
            return True
        try:
            return self._selection.admits(item_id(row))
        except RecordFault:
            return True
