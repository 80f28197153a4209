"""Text files as every reader takes them: rule 1 of ``check`` (formats, section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exportkit.writing.checker import Finding, Piece

__all__ = ["piece_findings", "text_findings"]

_MARK = b"\xef\xbb\xbf"
#: Extensions of text files; of other pieces (planes) nothing is said.
_TEXTS = ("txt", "xml", "json", "jsonl", "csv", "yaml", "yml", "data", "names", "pbtxt")


def text_findings(data: bytes, path: str, *, begins: bool = True) -> Iterator[Finding]:
    """What is wrong with the bytes of a text file, or of a part of one that ``begins`` it or not."""
    if begins and data.startswith(_MARK):
        yield _error("a byte-order mark becomes part of the first word for some readers", path, 1)
    at = data.find(b"\0")
    if at >= 0:
        yield _error("a NUL character ends the text for some readers", path, _line(data, at, begins=begins))
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            yield _error("the bytes are no UTF-8", path, _line(data, error.start, begins=begins))


def piece_findings(pieces: Iterable[Piece]) -> Iterator[Finding]:
    """The same of the pieces that are whole text files; checkers answer for files that they cut."""
    for piece in pieces:
        data = piece.data
        # Nearly every file passes these three without a closer look.
        if piece.section or (data.isascii() and b"\0" not in data) or not piece.path.endswith(_TEXTS):
            continue
        yield from text_findings(data, piece.path)


def _line(data: bytes, at: int, *, begins: bool) -> int | None:
    return data.count(b"\n", 0, at) + 1 if begins else None


def _error(message: str, path: str, line: int | None) -> Finding:
    return Finding("C_TEXT", "error", message, path, line)
