"""Which ids a job of the server was asked for; a record of any other one is no part of the export."""

from __future__ import annotations

from collections.abc import Sequence

from exportkit.acquisition.shards import IdRange
from exportkit.clients import IdentitySelection
from exportkit.errors import IncompleteExport

__all__ = ["AskedIds"]


class AskedIds:
    """Those within a range, and of them those that a filter selects."""

    def __init__(self, selection: IdentitySelection, within: IdRange | None = None) -> None:
        """Without a range every id is within it."""
        self._selection = selection
        self._within = within

    def holds(self, lowest: int, highest: int) -> bool:
        """Whether all ids between two were asked for, themselves included; False where that is not known."""
        within = self._within
        return not self._selection and (within is None or (lowest in within and highest in within))

    def require(self, ids: Sequence[int]) -> None:
        """Raise IncompleteExport for the first id that was not asked for."""
        if not ids:
            return
        within = self._within
        if within is not None and not (min(ids) in within and max(ids) in within):
            _refuse(next(one for one in ids if one not in within), "which is outside of the range of its shard")
        if self._selection:
            for one in ids:
                if not self._selection.admits(one):
                    _refuse(one, "which the filter does not select")


def _refuse(identity: int, reason: str) -> None:
    raise IncompleteExport(f"The bundle of the server holds the record {identity}, {reason}; nothing is exported.")
