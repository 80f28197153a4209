"""Rows as answers and bundles hold them: bytes put together, never parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Column

from exportkit.server.documents import DOCUMENT_COLUMNS, Document, FileMark, files_with
from exportkit.server.signed_urls import SignedUrls
from exportkit.server.tables import assignment, document, ground_truth_event, task
from exportkit.server.targets import ASSIGNMENT, GROUND_TRUTH, TASK, Target

__all__ = [
    "COLUMNS",
    "HEADS",
    "ResponseMode",
    "RowForm",
    "RowWriter",
    "bundle_line",
    "head_line",
    "head_v1",
    "head_v2",
    "slim_v2",
]

ResponseMode = Literal["inline", "presigned"]
#: How much of a row is read: its keys alone, what stands beside its document, or everything.
RowForm = Literal["keys", "slim", "full"]
_encode: Final = msgspec.json.Encoder().encode
_CARRIAGE_RETURNS: Final = bytes.maketrans(b"\r", b" ")
_WIDTH: Final = len(DOCUMENT_COLUMNS)

#: Columns of a row beside its document, by target; the first is the id.
HEADS: Final[Mapping[str, tuple[Column[Any], ...]]] = {
    TASK.name: (task.c.id, task.c.project_id, task.c.data_unit_id),
    ASSIGNMENT.name: (assignment.c.id, assignment.c.project_id, assignment.c.data_unit_id, assignment.c.task_id),
    GROUND_TRUTH.name: (
        ground_truth_event.c.id,
        ground_truth_event.c.pgh_id,
        ground_truth_event.c.pgh_label,
        ground_truth_event.c.data_unit_id,
        ground_truth_event.c.dataset_id,
    ),
}
#: Columns of a row in a slim list of v2, by target.
_SLIM: Final[Mapping[str, tuple[Column[Any], ...]]] = {
    TASK.name: (*HEADS["task"], task.c.is_discarded, task.c.has_data, task.c.created),
    ASSIGNMENT.name: (
        *HEADS["assignment"],
        assignment.c.user_id,
        assignment.c.status_label,
        assignment.c.status_review,
        assignment.c.is_confirmed,
        assignment.c.is_discarded,
        assignment.c.created,
    ),
    GROUND_TRUTH.name: (*HEADS["ground_truth"], document.c.data_size, document.c.data_digest),
}
#: Columns of a row in each form, by target; the first is the id, and the key is among them.
COLUMNS: Final[Mapping[RowForm, Mapping[str, tuple[Column[Any], ...]]]] = {
    "keys": {
        TASK.name: (task.c.id,),
        ASSIGNMENT.name: (assignment.c.id,),
        GROUND_TRUTH.name: (ground_truth_event.c.id, ground_truth_event.c.pgh_id),
    },
    "slim": _SLIM,
    "full": {name: (*columns, *DOCUMENT_COLUMNS) for name, columns in HEADS.items()},
}
#: What a label may be in a list; any other is that of finished work.
_LABELS: Final = frozenset({"stand_by", "in_progress", "completed", "skipped"})


def slim_v2(target: Target, row: Sequence[Any]) -> dict[str, Any]:
    """Give a row of a slim list of v2, every field of it (wire contract, sections 2 and 4)."""
    members = dict(zip((column.name for column in _SLIM[target.name]), row, strict=True))
    if target is GROUND_TRUTH:
        return {**_event(row), "data_size": row[-2], "data_digest": f"sha256:{row[-1]}", "data_content_type": _JSON}
    if target is ASSIGNMENT and members["status_label"] not in _LABELS:
        members["status_label"] = "completed"
    return members


_JSON: Final = "application/json"


def head_v2(target: Target, row: Sequence[Any]) -> dict[str, Any]:
    """Give the members of a bulk row of v2 that come before its document."""
    if target is GROUND_TRUTH:
        document = document_of(row)
        digest = f"sha256:{document.data_digest}"
        size = {"data_size": document.data_size, "data_digest": digest, "data_content_type": _JSON}
        return {**_event(row), **size, "files": None}
    return {"id": row[0], "project_id": row[1], "data_unit_id": row[2]}


def head_v1(target: Target, row: Sequence[Any]) -> dict[str, Any]:
    """Give the members of a row of v1 that come before its document.

    Ground truth has no member ``files``: existing clients list with a download of each of them, and fail at null. Its
    files stand in ``data_unit``, where the rows of tasks have them.
    """
    if target is GROUND_TRUTH:
        return {"id": row[0], "pgh_id": row[1]}
    task_id = {"task": row[3]} if target is ASSIGNMENT else {}
    return {"id": row[0], "project": row[1], **task_id}


def _event(row: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": row[0],
        "pgh_id": row[1],
        "pgh_obj_id": row[0],
        "pgh_label": row[2],
        "data_unit_id": row[3],
        "ground_truth_dataset_id": row[4],
    }


def document_of(row: Sequence[Any]) -> Document:
    """Give the document at the end of a selected row."""
    return Document._make(row[-_WIDTH:])


class RowWriter:
    """Writes the rows of one answer: payloads over a limit, and those that read as wrappers, behind signed URLs."""

    def __init__(self, urls: SignedUrls, mode: ResponseMode, inline_limit: int) -> None:
        self._urls = urls
        self._mode = mode
        self._limit = inline_limit

    def full(self, head: Mapping[str, Any], document: Document) -> bytes:
        """Write a row of v2: the head, then the canonical members."""
        return b"".join((_encode(head)[:-1], *self._members(document), b"}"))

    def line(self, head: bytes, document: Document) -> bytes:
        """Write a canonical line of a stream: `head` as :func:`head_line` gives it, then the canonical members."""
        return b"".join((head, *self._members(document), b"}\n"))

    def full_v1(self, target: Target, head: Mapping[str, Any], document: Document) -> bytes:
        """Write a row of v1, which shows its files a second time, in the place where v1 has them."""
        files = self._files(document)
        unit, again = document.unit, b""
        if files is not None and files.startswith(b"{"):
            if target is ASSIGNMENT:
                again = b',"file":' + _first(files)
            elif unit is not None and unit.endswith(b"}"):
                comma = b"" if unit == b"{}" else b","
                unit = b'%b%b"files":%b}' % (unit[:-1], comma, files)
        members = _members(self._data(document), files, unit)
        return b"".join((_encode(head)[:-1], *members, again, document.rest, b"}"))

    def _members(self, document: Document) -> list[bytes]:
        pieces = _members(self._data(document), self._files(document), document.unit)
        pieces.append(document.rest)
        return pieces

    def _files(self, document: Document) -> bytes | None:
        return None if document.files is None else files_with(document.files, self._url)

    def _data(self, document: Document) -> bytes | None:
        if document.data is None or (document.data_size <= self._limit and not document.like_wrapper):
            return document.data
        url, size, digest = self._urls.payload(document.id).encode(), document.data_size, document.data_digest.encode()
        if self._mode == "inline":
            return b'{"mode":"inline","truncated":true,"presigned_url":"%b","size":%d}' % (url, size)
        wrapper = b'{"mode":"presigned","presigned_url":"%b","size":%d,"data_digest":"sha256:%b"}'
        return wrapper % (url, size, digest)

    def _url(self, mark: FileMark) -> bytes:
        # Plugins see where a file lies in its bundle, however the row reaches them.
        return b'"url":%b,"bundle_path":%b' % (_encode(self._urls.original(mark)), _encode(mark.bundle_path))


def head_line(target: Target, row: Sequence[Any]) -> bytes:
    """Begin a canonical line: the members that say which row it is, the object still open."""
    if target is GROUND_TRUTH:
        return b'{"id":%d,"pgh_id":%d' % (row[0], row[1])
    return b'{"id":%d' % row[0]


def bundle_line(head: bytes, document: Document, member: Any) -> bytes:
    """Write a canonical line of a bundle: the payload as it was loaded; `member` says where each file is."""
    data = document.data
    if data is not None and b"\r" in data:
        data = data.translate(_CARRIAGE_RETURNS)
    files = None if document.files is None else files_with(document.files, member)
    return b"".join((head, *_members(data, files, document.unit), document.rest, b"}\n"))


def _members(data: bytes | None, files: bytes | None, unit: bytes | None) -> list[bytes]:
    """Give the canonical members that are there, in pieces: payloads are copied once, by whoever joins them."""
    pieces: list[bytes] = []
    if data is not None:
        pieces += (b',"data":', data)
    if files is not None:
        pieces += (b',"files_manifest":', files)
    if unit is not None:
        pieces += (b',"data_unit":', unit)
    return pieces


def _first(files: bytes) -> bytes:
    """Give the entry that stands for the whole row: the primary one, else the first."""
    entries = msgspec.json.decode(files, type=dict[str, Any])
    chosen = (entry for entry in entries.values() if isinstance(entry, dict) and entry.get("is_primary") is True)
    return _encode(next(chosen, None) or next(iter(entries.values()), {}))
