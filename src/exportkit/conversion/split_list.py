"""The list of splits beside a dataset: the same assignment for another export (formats, section 6)."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from exportkit.conversion.lists import FileEntry, HashedFile
from exportkit.conversion.planning import OrderedShard
from exportkit.conversion.rows import Row, read_rows
from exportkit.conversion.split_leaks import SplitKeys, content_key

__all__ = ["SPLITS", "SplitLine", "groups_by_split", "write_split_list"]

SPLITS = "exportkit-splits.jsonl"


class SplitLine(msgspec.Struct, omit_defaults=True):
    """Where one item goes; its group where it has one."""

    record: int | str
    split: str
    group: str | None = None


def write_split_list(path: Path, shards: Sequence[OrderedShard]) -> tuple[FileEntry, SplitKeys]:
    """Write one line for each item, in record order; give the file, and the groups that each split holds."""
    encode = msgspec.json.Encoder().encode_lines
    file = HashedFile(path)
    groups: dict[str, set[int]] = {}
    for shard in shards:
        rows = list(read_rows(shard.rows, Row))
        lines = list(_lines(reversed(rows) if shard.backwards else rows))
        file.write(encode(lines))
        _note_groups(lines, groups)
    size, digest = file.close()
    return FileEntry(path.name, size, digest), _as_keys(groups)


def groups_by_split(lines: Iterable[SplitLine]) -> SplitKeys:
    """Keys of the groups that each split holds."""
    groups: dict[str, set[int]] = {}
    _note_groups(lines, groups)
    return _as_keys(groups)


def _lines(rows: Iterable[Row]) -> Iterator[SplitLine]:
    for row in rows:
        kept = [media for media in row.media if not media.dropped]
        if kept:
            yield SplitLine(row.id, kept[0].split, kept[0].group)


def _note_groups(lines: Iterable[SplitLine], groups: dict[str, set[int]]) -> None:
    for line in lines:
        if line.group is not None:
            key = content_key(sha256(line.group.encode("utf-8", "replace")).hexdigest())
            groups.setdefault(line.split, set()).add(key)


def _as_keys(groups: dict[str, set[int]]) -> SplitKeys:
    return {split: array("Q", sorted(keys)) for split, keys in groups.items()}
