"""Whether what came back is what was asked for: the server's echo of a filter, and the ids of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from exportkit.clients.identity_keys import IdentitySelection
from exportkit.clients.query import sent_filter, with_plural_versions
from exportkit.errors import FilterRefused, IncompleteExport
from exportkit.normalize.item import item_id

__all__ = ["RowsAsked", "compare_applied_filter"]


def compare_applied_filter(sent: Mapping[str, Any], applied: Mapping[str, Any] | None) -> None:
    """Raise IncompleteExport where the server applied another filter than was sent (wire contract, section 18).

    Values are compared as a query would carry them: numbers as text, one value as a list of one, order left aside.
    """
    if applied is None:
        return
    asked = {key: _plain(value) for key, value in with_plural_versions(sent_filter(sent)).items() if value is not None}
    found = {
        key: _plain(value) for key, value in with_plural_versions(sent_filter(applied)).items() if value is not None
    }
    wrong = sorted(key for key in asked.keys() | found.keys() if asked.get(key) != found.get(key))
    if wrong:
        raise IncompleteExport(
            f"The backend applied another filter than was sent; it differs in {', '.join(wrong)}. Nothing is exported."
        )


class RowsAsked:
    """Judges rows by the id-space keys of a filter: one row that was not asked for ends the run."""

    def __init__(self, filters: Mapping[str, Any]) -> None:
        """Raises FilterRefused for unusable values."""
        self._selection = IdentitySelection(filters)

    def __bool__(self) -> bool:
        """Whether there is anything to judge."""
        return bool(self._selection)

    def require(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Raise IncompleteExport for the first row outside of the filter."""
        if not self._selection:
            return
        for row in rows:
            identity = item_id(row)
            try:
                admitted = self._selection.admits(identity)
            except FilterRefused:
                admitted = False
            if not admitted:
                raise IncompleteExport(
                    f"The backend sent the record {identity!r}, which the filter does not select; nothing is exported."
                )


def _plain(value: Any) -> list[str]:
    if isinstance(value, (list, tuple, set, frozenset)):
        return sorted(word for element in value for word in _plain(element))
    if isinstance(value, bool):
        return [str(value).lower()]
    words = [word.strip() for word in str(value).split(",")]
    return sorted(word.lower() if word in {"True", "False"} else word for word in words if word)
