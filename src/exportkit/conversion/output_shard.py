"""What one job gives for one output."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from pickle import PickleBuffer
from typing import SupportsIndex

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
    #: What belongs into each stream; bytes, or a view of them where they came from another process.
    streams: Mapping[str, bytes | memoryview]
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

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type[OutputShard], tuple[object, ...]]:
        """Long streams go between processes as they lie, and arrive as views."""
        goes_apart = protocol.__index__() >= _WITH_BUFFERS
        streams = {
            key: PickleBuffer(data) if goes_apart and len(data) > _LONG else data for key, data in self.streams.items()
        }
        values = (streams if name == "streams" else getattr(self, name) for name in self.__struct_fields__)
        return OutputShard, tuple(values)


#: From this many bytes on, a copy costs more than a buffer of its own.
_LONG = 1 << 16
#: The protocol of pickle that has buffers outside of the pickle.
_WITH_BUFFERS = 5
