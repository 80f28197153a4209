"""Stored documents: payloads and files of rows, kept so that answers are put together without parsing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Column

from exportkit.server.tables import document

__all__ = ["DOCUMENT_COLUMNS", "Document", "FileMark", "files_with", "marked"]

#: Encloses a mark in stored JSON, where it cannot occur otherwise: JSON writes it as an escape.
_MARK: Final = b"\0"

DOCUMENT_COLUMNS: Final[tuple[Column[Any], ...]] = (
    document.c.id,
    document.c.data_size,
    document.c.data_digest,
    document.c.like_wrapper,
    document.c.files,
    document.c.unit,
    document.c.rest,
    document.c.data,
)


class Document(NamedTuple):
    """What a query for :data:`DOCUMENT_COLUMNS` gives."""

    id: int
    data_size: int
    data_digest: str
    like_wrapper: bool
    files: bytes | None
    unit: bytes | None
    rest: bytes
    data: bytes | None


class FileMark(msgspec.Struct, frozen=True, array_like=True):
    """An original that the server holds: in answers it has a URL, in bundles a path."""

    digest: str
    size: int
    bundle_path: str


_decode_mark: Final = msgspec.json.Decoder(FileMark).decode


def marked(mark: FileMark) -> bytes:
    """Give what stands in stored JSON for the member that says where a file is."""
    return _MARK + msgspec.json.encode(mark) + _MARK


def files_with(files: bytes, member: Callable[[FileMark], bytes]) -> bytes:
    """Give the JSON of a files map, `member` written in place of each mark."""
    if _MARK not in files:
        return files
    pieces = files.split(_MARK)
    pieces[1::2] = [member(_decode_mark(piece)) for piece in pieces[1::2]]
    return b"".join(pieces)
