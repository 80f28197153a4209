"""Writing the bundle of a job: one scan in ascending order of ids, originals beside it, the manifest last."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from exportkit.bundles import BundleWriter
from exportkit.server.backend import Backend
from exportkit.server.documents import FileMark
from exportkit.server.export_request import ExportOrder
from exportkit.server.filters import RowFilter
from exportkit.server.row_queries import RowQuery
from exportkit.server.rows import bundle_line, document_of, head_line
from exportkit.server.signed_urls import original_key
from exportkit.server.targets import TARGETS
from exportkit.storage.file_digest import sha256_of
from exportkit.storage.objects import ObjectMissing
from exportkit.storage.safe_path import judge_input_path

__all__ = ["Progress", "write_bundle"]

#: Told the records written so far and in all; whatever it raises ends the work.
Progress = Callable[[int, int], None]
_NAME_BYTES: Final = 16


def write_bundle(
    backend: Backend,
    tenant_id: int,
    job_id: str,
    order: ExportOrder,
    folder: Path,
    prefix: str,
    result_uri: str,
    progress: Progress,
) -> int:
    """Write the whole bundle into `folder`, synced; return how many records it has.

    All rows are those of one moment, whatever is written meanwhile. Raises LocalIOError and what `progress` raises.
    """
    target = TARGETS[order.target]
    query = RowQuery(tenant_id, RowFilter.of_object(target, order.filter, "filter."))
    with backend.database.snapshot() as connection:
        count, highest = query.extent(connection)
        progress(0, count)
        facts = {
            "result_uri": result_uri,
            "applied_filter": order.applied_filter,
            "applied_count": count,
            "watermark": {"max_id": highest, "count": count},
        }
        with BundleWriter(
            folder,
            target.name,
            prefix=prefix,
            encoding=order.encoding,
            records_per_part=backend.settings.records_per_part,
            job_id=job_id,
            facts=facts,
        ) as writer:
            scan = _Scan(backend, tenant_id, order, folder, writer)
            written = 0
            for rows in query.scan(connection, target.id, order.chunk_size, None):
                scan.write(rows)
                written += len(rows)
                progress(written, count)
    return written


class _Scan:
    """Rows on their way into a bundle."""

    def __init__(
        self, backend: Backend, tenant_id: int, order: ExportOrder, folder: Path, writer: BundleWriter
    ) -> None:
        self._backend = backend
        self._tenant_id = tenant_id
        self._folder = folder
        self._writer = writer
        self._urls = backend.urls(tenant_id, order.origin)
        self._target = TARGETS[order.target]
        # Neighbouring rows show one original, as frames of a video do.
        self._member = lru_cache(maxsize=1024)(self._staged if order.stages_originals else self._signed)

    def write(self, rows: list[Any]) -> None:
        lines = [bundle_line(head_line(self._target, row), document_of(row), self._member) for row in rows]
        self._writer.write_lines(lines)

    def _signed(self, mark: FileMark) -> bytes:
        return b'"url":' + msgspec.json.encode(self._urls.original(mark))

    def _staged(self, mark: FileMark) -> bytes:
        """Copy an original, once for all rows that show it. One that is gone leaves its row without a file."""
        path = self._place(mark)
        if not (self._folder / path).exists():
            _, folder, name = path.split("/")
            with suppress(ObjectMissing):
                pieces = self._backend.objects.read(original_key(self._tenant_id, mark.digest))
                self._writer.add_file(folder, name, io.BufferedReader(_Pieces(pieces)))
        return b'"bundle_path":' + msgspec.json.encode(path)

    def _place(self, mark: FileMark) -> str:
        """Say where an original lies: where it lay in the bundle that it was loaded from, if nothing else lies there.

        Rows of several bundles may name one path for two contents; then a path is made of the content.
        """
        path = mark.bundle_path
        is_usual = path.startswith("files/") and path.count("/") == 2 and judge_input_path(path) is None
        there = self._folder / path
        if is_usual and (not there.exists() or sha256_of(there) == mark.digest):
            return path
        return f"files/{mark.digest[:_NAME_BYTES]}/{path.rpartition('/')[2]}"


class _Pieces(io.RawIOBase):
    """Pieces of bytes, read like a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
