"""Which filter keys each target knows (wire contract, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from exportkit.clients.identity_keys import IDENTITY_KEYS

__all__ = [
    "CLIENT_KEYS",
    "FILTER_KEYS",
    "PAGING_KEYS",
    "SCOPE_KEYS",
    "SLIM_LIST_KEYS",
    "selecting_keys",
    "unsupported_keys",
]

_COMMON: Final = frozenset({"ids", "ids_ex", "search", "_id_gte", "_id_lt"})
_ID: Final = frozenset({"id", "id__in", "id__gt", "id__gte", "id__lt", "id__lte"})
_TIMES: Final = ("__gt", "__gte", "__lt", "__lte")
_ASSIGNMENT_TIMES: Final = (
    *("created", "label_submitted", "last_labeled", "last_reviewed"),
    *("labeler_last_action_at", "reviewer_last_action_at"),
)

#: Paging and transport: no filters, taken everywhere.
PAGING_KEYS: Final = frozenset(
    {
        *("expand", "fields", "page", "page_size", "ordering", "response_mode", "pagination"),
        *("cursor", "per_page", "sort", "url_host"),
    }
)
#: For the client alone, never sent.
CLIENT_KEYS: Final = frozenset({"page_retries", "page_retry_backoff", "throttle_seconds", "retry_on_status"})
#: Keys that say of what the rows are; a source that holds one scope answers any value of them.
SCOPE_KEYS: Final = frozenset({"project", "ground_truth_dataset_version", "ground_truth_dataset_versions"})

FILTER_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "task": _COMMON
    | _ID
    | {
        *("project", "is_discarded", "schema", "has_assignment", "has_reached_max_assignments", "status_label"),
        *("status_review", "assignments", "assignments__is_discarded", "labelers", "reviewers", "groups", "stages"),
        *("workshops", "tags", "discarded_filter"),
        *(f"created{bound}" for bound in _TIMES),
    },
    "assignment": _COMMON
    | _ID
    | {
        *("project", "workshop", "tasks", "users", "reviewers", "groups", "stages", "task_tags", "tags"),
        *("status_label", "status_review", "is_discarded", "is_discard_confirmed", "is_confirmed"),
        *(f"{moment}{bound}" for moment in _ASSIGNMENT_TIMES for bound in _TIMES),
    },
    "ground_truth": _COMMON
    | {
        *("ground_truth", "ground_truth_dataset_version", "ground_truth_dataset_versions"),
        *("category", "categories", "classes", "task"),
    },
}

#: Keys that the lists of the second interface are known to apply; others may be passed over there without a word.
SLIM_LIST_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "task": frozenset({"project"}),
    "assignment": frozenset({"project"}),
    "ground_truth": frozenset({"ground_truth_dataset", "ground_truth_dataset_version", "project", "pgh_obj_id__in"}),
}


def unsupported_keys(target: str, filters: Mapping[str, Any]) -> list[str]:
    """Keys that this target does not know, sorted; an export that sent them would select something else."""
    known = FILTER_KEYS[target] | PAGING_KEYS | CLIENT_KEYS
    return sorted(str(key) for key in filters if key not in known)


def selecting_keys(filters: Mapping[str, Any]) -> dict[str, Any]:
    """What selects rows within a scope: neither paging, nor scope, nor absent, nor of the id space."""
    left_out = PAGING_KEYS | CLIENT_KEYS | SCOPE_KEYS | IDENTITY_KEYS
    return {key: value for key, value in filters.items() if key not in left_out and value is not None}
