"""Pictures and groups that stand in two splits, so that a model is measured on what it was trained on."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import TypeAlias

from exportkit.conversion.lists import FileEntry
from exportkit.writing import Finding

__all__ = ["SplitKeys", "content_key", "leak_findings"]

#: Where groups stand beside splits.
_SPLIT_LIST = "exportkit-splits.jsonl"
#: Leaks that are listed one by one; the first finding has the exact number.
_LISTED = 20

#: Keys by split; of a picture's content the first 64 bits of its SHA-256.
SplitKeys: TypeAlias = "Mapping[str, array[int]]"


def content_key(sha256: str) -> int:
    """The key of a content with this digest in hex."""
    return int(sha256[:16], 16)


def leak_findings(contents: SplitKeys, groups: SplitKeys, files: Iterable[FileEntry]) -> Iterator[Finding]:
    """Rule 10a of ``check``: equal picture content, or an equal group, in two splits (formats, section 7).

    ``files`` are read only where a content leaks, to name its paths.
    """
    leaking: set[int] = set()
    for one, other in combinations(sorted(contents), 2):
        common = _common(contents[one], contents[other])
        leaking |= common
        if common:
            text = (
                f"{counted(len(common), 'picture', 'stands', 'stand')} with equal content in both {one!r} and {other!r}"
            )
            yield Finding("C_SPLIT_LEAK", "warn", text)
    if leaking:
        yield from _named(leaking, files)
    for one, other in combinations(sorted(groups), 2):
        common = _common(groups[one], groups[other])
        if common:
            said = counted(len(common), "group", "has", "have")
            text = f"{said} records in both {one!r} and {other!r}; split with --group-by"
            yield Finding("C_SPLIT_LEAK", "warn", text, _SPLIT_LIST)


def counted(number: int, what: str, one: str, several: str) -> str:
    """``1 group has``, ``2 groups have``."""
    return f"{number} {what} {one}" if number == 1 else f"{number} {what}s {several}"


def _common(one: array[int], other: array[int]) -> set[int]:
    smaller, larger = sorted((one, other), key=len)
    wanted = set(smaller)
    return {key for key in larger if key in wanted}


def _named(leaking: set[int], files: Iterable[FileEntry]) -> Iterator[Finding]:
    first: dict[int, str] = {}
    listed = 0
    for entry in files:
        key = content_key(entry.sha256)
        if key not in leaking:
            continue
        if key in first:
            listed += 1
            if listed > _LISTED:
                return
            yield Finding("C_SPLIT_LEAK", "warn", f"the content is that of {first[key]}", entry.path)
        first.setdefault(key, entry.path)
