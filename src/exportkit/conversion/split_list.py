"""The list of splits beside a dataset: the same assignment for another export (formats, section 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from exportkit.conversion.lists import FileEntry, HashedFile
from exportkit.conversion.planning import OrderedShard
from exportkit.conversion.rows import Row, read_rows

__all__ = ["SPLITS", "write_split_list"]

SPLITS = "exportkit-splits.jsonl"


class _Line(msgspec.Struct):
    record: int | str
    split: str


def write_split_list(path: Path, shards: Sequence[OrderedShard]) -> FileEntry:
    """Write one line ``{"record", "split"}`` for each item, in record order."""
    encode = msgspec.json.Encoder().encode_lines
    file = HashedFile(path)
    for shard in shards:
        rows = list(read_rows(shard.rows, Row))
        file.write(encode(list(_lines(reversed(rows) if shard.backwards else rows))))
    size, digest = file.close()
    return FileEntry(path.name, size, digest)


def _lines(rows: Iterator[Row] | Sequence[Row]) -> Iterator[_Line]:
    for row in rows:
        split = next((media.split for media in row.media if not media.dropped), None)
        if split is not None:
            yield _Line(row.id, split)
