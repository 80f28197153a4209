"""Filters and paging as a query: what is sent, what is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from exportkit.clients.filter_keys import CLIENT_KEYS, PAGING_KEYS, unsupported_keys
from exportkit.errors import FilterRefused

__all__ = ["MOST_FILTER_BYTES", "checked_filters", "encoded", "sent_filter", "with_plural_versions"]

MOST_FILTER_BYTES: Final = 10_000
_VERSION: Final = "ground_truth_dataset_version"
_VERSIONS: Final = "ground_truth_dataset_versions"


def checked_filters(target: str, filters: Mapping[str, Any] | None) -> dict[str, Any]:
    """A filter as it may be sent: every key known, dataset versions under the plural key, no absent value.

    Raises FilterRefused for unknown keys, for an empty list (which in a query would mean everything) and for more
    than 10,000 bytes (wire contract, section 8).
    """
    asked = {key: value for key, value in dict(filters or {}).items() if value is not None}
    unknown = unsupported_keys(target, asked)
    if unknown:
        raise FilterRefused(f"The filter key {', '.join(map(repr, unknown))} is not known for {target}; remove it.")
    if target == "ground_truth":
        asked = with_plural_versions(asked)
    selecting = sent_filter(asked)
    for key, value in selecting.items():
        if _is_several(value) and not value:
            raise FilterRefused(f"The filter {key} is an empty list, which would select everything; remove it.")
    size = len(encoded(selecting))
    if size > MOST_FILTER_BYTES:
        raise FilterRefused(
            f"The filter has {size} bytes as a query and {MOST_FILTER_BYTES} are possible; "
            "ask for less at once, for example in ranges of ids."
        )
    return asked


def sent_filter(filters: Mapping[str, Any]) -> dict[str, Any]:
    """What of a request selects rows: neither paging nor what is for the client alone."""
    return {key: value for key, value in filters.items() if key not in PAGING_KEYS | CLIENT_KEYS}


def with_plural_versions(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The filter with dataset versions as the first interface names them: a list under the plural key."""
    renamed = {key: value for key, value in filters.items() if key not in {_VERSION, _VERSIONS}}
    versions: list[Any] = []
    for key in (_VERSION, _VERSIONS):
        versions += [
            version for version in _listed(filters.get(key)) if version is not None and version not in versions
        ]
    return {**renamed, _VERSIONS: versions} if versions else renamed


def encoded(params: Mapping[str, Any]) -> str:
    """A query: lists as repeated keys, absent values left out, booleans as ``True`` and ``False``."""
    return urlencode(
        [
            (key, value)
            for key, given in params.items()
            if key not in CLIENT_KEYS
            for value in _listed(given)
            if value is not None
        ]
    )


def _listed(value: Any) -> Iterable[Any]:
    return value if _is_several(value) else [value]


def _is_several(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
