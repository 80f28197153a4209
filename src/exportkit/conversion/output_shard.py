"""What one job gives for one output."""

from __future__ import annotations

from array import array
from collections import Counter

import msgspec

from exportkit.conversion.lists import FileRun
from exportkit.storage.archive_staging import Fragment
from exportkit.writing import CheckReport
from exportkit.writing.ledger import Counts, Entry

__all__ = ["OutputShard"]


class OutputShard(msgspec.Struct):
    """Counts, lists and pieces of the records of one shard."""

    counts: Counts
    errors: list[Entry]
    losses: list[Entry]
    streams: dict[str, bytes]
    files: FileRun
    images: bytes
    images_count: int
    report: CheckReport
    #: Keys of picture contents by split, where there are several splits.
    contents: dict[str, array[int]]
    #: Records written of each split, where there are several.
    splits: Counter[str]
    #: Places of pictures that are not known to be JPEGs to their last byte.
    others: list[str]
    #: Its part of the archive, where there is one.
    fragment: Fragment | None = None
