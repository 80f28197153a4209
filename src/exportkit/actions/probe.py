"""How many rows a filter selects, asked by one short request."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from exportkit.actions.targets import plural_versions

__all__ = ["probe_export_count"]

_log = logging.getLogger(__name__)
_LISTS = {"task": "list_tasks", "assignment": "list_assignments", "ground_truth": "list_ground_truth_events"}


def probe_export_count(client: Any, *, target: str, filters: Mapping[str, Any] | None) -> int | None:
    """The count of one short page, or None where it cannot be had: with a warning, never zero for "unknown"."""
    lister = getattr(client, _LISTS.get(target, ""), None)
    if lister is None:
        return None
    asked = plural_versions(filters or {}) if target == "ground_truth" else dict(filters or {})
    for key in ("expand", "pagination", "response_mode", "ordering", "page_size"):
        asked.pop(key, None)
    try:
        page = lister(params={**asked, "page_size": 1}, list_all=False)
    except Exception as error:  # noqa: BLE001 - a count is a help, no condition
        _log.warning("The rows could not be counted (%s: %s).", type(error).__name__, error)
        return None
    count = page.get("count") if isinstance(page, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
