"""Lines of a part: shards cut at line ends, and reading them in bounded memory.

Only LF ends a line (formats, section 2.1). Offsets are bytes from the start of the file, ends are exclusive, and line
numbers are 1-based and count every LF, so also blank lines.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from threading import local
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from exportkit.bundles.part import Part, opened
from exportkit.errors import LocalIOError
from exportkit.native import core

__all__ = [
    "MAX_LINE",
    "SHARD_BYTES",
    "WHOLE",
    "Line",
    "LineCount",
    "Shard",
    "count_lines",
    "count_shard",
    "cut_shards",
    "iter_lines",
    "lines_within",
    "number_shards",
    "read_again",
    "read_block",
]

#: Longest line that is read, in bytes without its end (formats, section 2.1).
MAX_LINE: Final = 64 << 20
SHARD_BYTES: Final = 16 << 20
#: A run of lines of at most so many bytes is held at once.
WHOLE: Final = 8 << 20
_CR: Final = 0x0D
_BLANKS: Final = b" \t\r\v\f"
_Read = TypeVar("_Read", bytes, int)
_BLOCK: Final = 1 << 18


class Shard(msgspec.Struct, frozen=True):
    """A run of whole lines of one part; depends on the bytes of the part alone."""

    #: Index of the part.
    part: int
    start: int
    end: int
    #: Number of the line at `start`; 0 until :func:`number_shards` knows it.
    first_line: int = 0


class LineCount(NamedTuple):
    """Lines of a shard or a part."""

    #: LF characters, by which lines are numbered.
    ends: int
    #: Lines that are not blank: the records, good or bad.
    records: int


class Line(NamedTuple):
    """One line that is not blank: `length` bytes without the line's end, at `offset` of the file."""

    number: int
    offset: int
    length: int
    #: What the line was read into, and where it begins there; None where it is longer than the limit (`E_LINE_SIZE`).
    source: bytes | bytearray | None
    start: int = 0

    @property
    def text(self) -> bytes | None:
        """The line's own bytes, as long as its source is not used again."""
        return None if self.source is None else bytes(self.source[self.start : self.start + self.length])


def cut_shards(part: Part, shard_bytes: int = SHARD_BYTES) -> list[Shard]:
    """Cut a part into shards that begin at the first line start at or after each multiple of `shard_bytes`.

    A line longer than a shard stays in one. Reads a few bytes per shard only.
    """
    with opened(part) as file:
        starts = [part.mark]
        for nominal in range(shard_bytes, part.size, shard_bytes):
            if nominal > starts[-1]:
                starts.append(_next_line_start(file, nominal, part.size))
    return [Shard(part.index, start, end) for start, end in pairwise([*starts, part.size]) if start < end]


def _next_line_start(file: int, position: int, end: int) -> int:
    """Return the first start of a line at or after `position`, or `end`."""
    position -= 1
    for block in _blocks(file, position, end):
        found = block.find(b"\n")
        if found >= 0:
            return position + found + 1
        position += len(block)
    return end


def count_shard(part: Part, shard: Shard) -> LineCount:
    """Count the lines of one shard in a single pass."""
    with opened(part) as file:
        return _count(file, shard)


def count_lines(part: Part, shard_bytes: int = SHARD_BYTES) -> tuple[LineCount, list[Shard]]:
    """Count the lines of a part in a single pass; the shards come back with their first lines."""
    shards = cut_shards(part, shard_bytes)
    with opened(part) as file:
        counts = [_count(file, shard) for shard in shards]
    total = LineCount(sum(count.ends for count in counts), sum(count.records for count in counts))
    return total, number_shards(shards, [count.ends for count in counts])


def number_shards(shards: Sequence[Shard], ends: Sequence[int]) -> list[Shard]:
    """Return the shards with their first lines, given the line ends within each; parts begin at line 1 each."""
    numbered: list[Shard] = []
    line = 1
    for position, (shard, count) in enumerate(zip(shards, ends, strict=True)):
        if position == 0 or shard.part != shards[position - 1].part:
            line = 1
        numbered.append(msgspec.structs.replace(shard, first_line=line))
        line += count
    return numbered


def _count(file: int, shard: Shard) -> LineCount:
    ends = records = 0
    blank = True
    buffer = bytearray(min(_BLOCK, shard.end - shard.start))
    with memoryview(buffer) as view:
        start = shard.start
        while start < shard.end:
            size = _checked(os.preadv, file, [view[: shard.end - start]], start)
            start += size
            more_ends, more_records, blank = _count_within(buffer, size, blank)
            ends += more_ends
            records += more_records
    return LineCount(ends, records + (not blank))


def _count_plainly(buffer: bytearray, size: int, blank: bool) -> tuple[int, int, bool]:
    """Ends of lines, lines that end here and are not blank, and whether what stands behind them is blank."""
    ends = records = at = 0
    while (stop := buffer.find(b"\n", at, size)) >= 0:
        records += not (blank and _is_blank_between(buffer, at, stop))
        ends += 1
        blank = True
        at = stop + 1
    return ends, records, blank and _is_blank_between(buffer, at, size)


_count_within: Final[Callable[[bytearray, int, bool], tuple[int, int, bool]]] = (
    _count_plainly if core is None else core.count_lines
)


def _is_blank_between(block: bytearray, start: int, stop: int) -> bool:
    return start == stop or (block[start] in _BLANKS and block[start:stop].isspace())


def iter_lines(
    file: int, start: int, end: int, first_line: int = 1, limit: int = MAX_LINE, *, apart: bool = False
) -> Iterator[Line]:
    """Yield the lines between `start` (the start of a line, numbered `first_line`) and `end` that are not blank.

    A CR before the LF belongs to the line's end. Holds at most one line of `limit` bytes and one block. Lines that
    were read together share a buffer, which the next call of this thread uses again; with `apart` each line has
    bytes of its own, for readers that others may interrupt.

    Raises LocalIOError when the file has become shorter than `end`.
    """
    if not apart and end - start <= min(WHOLE, limit):
        return lines_within(read_again(file, start, end), end - start, start, first_line)
    return _streamed_lines(file, start, end, first_line, limit)


def lines_within(block: bytearray, size: int, start: int, first_line: int, at: int = 0) -> Iterator[Line]:
    """Lines of the first ``size`` bytes of a block that is held at once, as :func:`iter_lines` yields them.

    The block begins at ``start`` of its file; the first line begins at ``at`` of the block and is numbered
    ``first_line``.
    """
    find = block.find
    number = first_line
    while at < size:
        stop = find(b"\n", at, size)
        if stop < 0:
            stop = size
        if stop > at and not (block[at] in _BLANKS and block[at:stop].isspace()):
            yield Line(number, start + at, stop - at - (block[stop - 1] == _CR), block, at)
        number += 1
        at = stop + 1


#: Held buffers are a multiple of so many bytes.
_STEP = 1 << 18


class _Held(local):
    """What each thread reads into again and again, since new memory costs more than reading."""

    def __init__(self) -> None:
        self.buffer = bytearray()


_HELD = _Held()


def read_again(file: int, start: int, end: int) -> bytearray:
    """Read the bytes from `start` to `end` to the front of a buffer, which may be longer.

    A small buffer is kept and used by the next call of this thread. Raises LocalIOError when some bytes are gone.
    """
    size = end - start
    if len(_HELD.buffer) >= size:
        buffer = _HELD.buffer
    elif size <= WHOLE:
        # Shards differ by a line: with some room to spare the next ones fit, and two buffers never stand side by side.
        _HELD.buffer = bytearray()
        buffer = _HELD.buffer = bytearray(-(-size // _STEP) * _STEP)
    else:
        buffer = bytearray(size)
    with memoryview(buffer) as view:
        done = 0
        while done < size:
            done += _checked(os.preadv, file, [view[done:size]], start + done)
    return buffer


def _checked(read: Callable[..., _Read], *arguments: Any) -> _Read:
    """What a call of the system reads; never nothing."""
    try:
        found = read(*arguments)
    except OSError as error:
        raise LocalIOError(f"A part of the bundle could not be read: {error.strerror}.") from error
    if not found:
        raise LocalIOError("A part of the bundle became shorter while it was read; leave it alone during the run.")
    return found


def _streamed_lines(file: int, start: int, end: int, first_line: int, limit: int) -> Iterator[Line]:
    number, offset = first_line, start
    pieces: list[bytes] = []
    held = 0
    blank = True
    for block in _blocks(file, start, end):
        texts = block.split(b"\n")
        rest = texts.pop()
        for text in texts:
            if not (blank and _is_blank(text)):
                yield _line(number, offset, pieces, text, held + len(text), limit)
            number += 1
            offset += held + len(text) + 1
            pieces.clear()
            held = 0
            blank = True
        blank = blank and _is_blank(rest)
        held += len(rest)
        if held > limit + 1:
            pieces.clear()
        else:
            pieces.append(rest)
    if not blank:
        yield _line(number, offset, pieces, b"", held, limit)


def _line(number: int, offset: int, pieces: list[bytes], last: bytes, length: int, limit: int) -> Line:
    if length > limit + 1:
        return Line(number, offset, length, None)
    text = b"".join((*pieces, last)) if pieces else last
    if text.endswith(b"\r"):
        text = text[:-1]
    return Line(number, offset, len(text), text if len(text) <= limit else None)


def _is_blank(text: bytes) -> bool:
    return not text or text.isspace()


def read_block(file: int, start: int, end: int) -> bytes:
    """Return the bytes from `start` to `end`, for instance one line again. Raises LocalIOError when some are gone."""
    return b"".join(_blocks(file, start, end))


def _blocks(file: int, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        block: bytes = _checked(os.pread, file, min(_BLOCK, end - start), start)
        start += len(block)
        yield block
