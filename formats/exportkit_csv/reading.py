"""Tables as a stranger reads them: bytes cut at record ends, records cut into cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

__all__ = ["blocks", "chunks_of_records", "columns", "is_live_formula", "records", "without_guard"]

#: A record that does not end within this many bytes has lost its closing quote.
_RECORD_LIMIT = 64 << 20
#: Characters of a table without quotes that are cut into columns at a time.
_BLOCK = 1 << 15
_CELL = re.compile(r'(?:"([^"]*+(?:""[^"]*+)*+)"|([^",]*+))(,|\Z)')
_BLANKS = r"\ufeff \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_LIVE = re.compile(rf"[{_BLANKS}]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile(rf"'['{_BLANKS}]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def chunks_of_records(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Join and cut chunks so that each ends at the end of a record, each with its 1-based first line.

    A record that is never closed comes as it is, cut at 64 MiB or at the end of the file.
    """
    held: list[bytes] = []
    size, line, quoted = 0, 1, False
    for chunk in chunks:
        cut, quoted = _cut(chunk, quoted=quoted)
        size += len(chunk)
        if not cut and size > _RECORD_LIMIT:
            cut, quoted = len(chunk), False
        if not cut:
            held.append(chunk)
            continue
        data = b"".join((*held, chunk[:cut]))
        yield data, line
        line += data.count(b"\n")
        held = [chunk[cut:]]
        size = len(held[0])
    if rest := b"".join(held):
        yield rest, line


def _cut(chunk: bytes, *, quoted: bool) -> tuple[int, bool]:
    """Position behind the last line end that is not between quotes (0: none), and whether the end is between quotes.

    ``quoted`` is the same of the beginning.
    """
    pieces = chunk.split(b'"')
    ends_quoted = quoted ^ (len(pieces) % 2 == 0)
    at, between = len(chunk), ends_quoted
    for piece in reversed(pieces):
        at -= len(piece)
        if not between and (end := piece.rfind(b"\n") + 1):
            return at + end, ends_quoted
        at, between = at - 1, not between
    return 0, ends_quoted


def records(text: str, line: int) -> Iterator[tuple[int, list[str] | None]]:
    """Records of whole lines as (line, cells); cells are None where the quoting is broken."""
    if '"' not in text:
        for number, record in enumerate(text.removesuffix("\n").split("\n"), line):
            yield number, record.removesuffix("\r").split(",")
        return
    begin, held, is_open = line, [], False
    for number, piece in enumerate(text.removesuffix("\n").split("\n"), line):
        held.append(piece)
        is_open ^= piece.count('"') % 2 == 1
        if not is_open:
            yield begin, _cells("\n".join(held).removesuffix("\r"))
            begin, held = number + 1, []
    if held:
        yield begin, None


def blocks(text: str, line: int) -> Iterator[tuple[str, int]]:
    """A text of records cut into smaller ones at line ends, each with its first line; one with quotes stays whole."""
    at = 0
    quoted = '"' in text
    while not quoted and at + _BLOCK < len(text):
        end = text.find("\n", at + _BLOCK) + 1 or len(text)
        yield text[at:end], line
        line += text.count("\n", at, end)
        at = end
    if at < len(text) or not text:
        yield text[at:], line


def columns(block: str, count: int) -> list[list[str]] | None:
    """The columns of whole lines without quotes; None where that is not so or a record has not ``count`` cells."""
    if '"' in block or not block.endswith("\n"):
        return None
    # A line end becomes a cell of its own: each record has `count` cells if that cell is in its place everywhere.
    cells = block.replace("\n", ",\n,").split(",")
    rows, step = block.count("\n"), count + 1
    if len(cells) != rows * step + 1 or cells[count::step] != ["\n"] * rows:
        return None
    del cells[-1]
    return [cells[position::step] for position in range(count)]


def _cells(record: str) -> list[str] | None:
    if '"' not in record:
        return record.split(",")
    cells: list[str] = []
    at = 0
    while match := _CELL.match(record, at):
        quoted, plain, end = match.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if not end:
            return cells
    return None


def is_live_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute the cell."""
    return _LIVE.match(cell) is not None


def without_guard(cell: str) -> str:
    """The text of a cell that was guarded by one ``'``, any other cell as it is."""
    return cell[1:] if _GUARDED.match(cell) else cell
