"""Write a raw bundle: lines in parts, originals, and the manifest that makes it complete."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal, Self

from exportkit.bundles.canonical_line import canonical_line
from exportkit.bundles.layout import part_path, single_path
from exportkit.bundles.part import Encoding
from exportkit.bundles.sealed_file import SealedFile, store
from exportkit.errors import BundleTraversalError, UsageError
from exportkit.storage.refusals import shown
from exportkit.storage.safe_path import judge_input_path
from exportkit.wire.manifest import BUNDLE_SCHEMA, MANIFEST_NAME

__all__ = ["MARKER_NAME", "BundleWriter"]

MARKER_NAME: Final = ".exportkit-bundle"
#: Above this many originals their integrity stands in the lines alone (wire contract, section 18).
_MOST_LISTED_FILES: Final = 10_000
_SUFFIXES: Final[dict[Encoding | None, str]] = {None: "", "gzip": ".gz", "zstd": ".zst"}


class BundleWriter(AbstractContextManager["BundleWriter"]):
    """Writes one target of a bundle into a folder of its own; a context manager.

    Every file is written under a temporary name, synced and renamed; the manifest comes last and only when the
    block ends without an exception, so that a bundle with a manifest is whole. The bytes depend on what is written
    and the options alone.
    """

    def __init__(
        self,
        root: Path,
        target: str = "task",
        *,
        prefix: str | None = None,
        layout: Literal["parts", "single"] = "parts",
        encoding: Encoding | None = None,
        records_per_part: int = 50_000,
        bytes_per_part: int = 64 << 20,
        job_id: str | None = None,
        facts: Mapping[str, Any] | None = None,
        lasting: bool = True,
    ) -> None:
        """Take the folder `root`, made if need be; UsageError if it already is a complete bundle.

        A part ends at `records_per_part` records or before the line that would take it over `bytes_per_part` bytes
        (uncompressed). `prefix` is by default the folder's name. `job_id` puts the marker there that cleaning up
        looks for; `facts` are further members of the manifest (`watermark`, `applied_filter`, `expires_at`).
        Without `lasting` no part is synced or has a digest: for a bundle that nobody reads after its writer is gone.
        """
        if (root / MANIFEST_NAME).exists():
            raise UsageError(f"{shown(root)} already holds a bundle; choose another folder.")
        self._root = root
        self._target = target
        self._layout = layout
        self._encoding: Encoding | None = encoding
        self._lasting = lasting
        self._limits = (records_per_part, bytes_per_part)
        self._manifest = {"prefix": root.name if prefix is None else prefix, **(facts or {})}
        self._parts: list[dict[str, Any]] = []
        self._files: list[dict[str, Any]] = []
        self._file_count = 0
        self._part: SealedFile | None = None
        self._part_records = 0
        self._records = 0
        if job_id is not None:
            store(root / MARKER_NAME, _json({"job_id": job_id}))

    def write(self, row: Mapping[str, Any]) -> None:
        """Add one row in its canonical form, see :func:`canonical_line`."""
        self.write_line(canonical_line(row))

    def write_line(self, line: bytes) -> None:
        """Add one record as the bytes of its line, LF included, without looking into it."""
        records, size = self._limits
        if self._layout == "parts" and self._part is not None:
            full = self._part_records >= records or self._part.length + len(line) > size
            if full:
                self._end_part()
        if self._part is None:
            self._part = self._new_part()
        self._part.write(line)
        self._part_records += 1

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add several records at once, cut into the same parts as one by one."""
        records, size = self._limits
        whole = b"".join(lines)
        part, count = self._part, self._part_records + len(lines)
        if part is None or (self._layout == "parts" and (count > records or part.length + len(whole) > size)):
            for line in lines:
                self.write_line(line)
        else:
            part.write(whole)
            self._part_records = count

    def add_file(self, file_id: int | str, name: str, content: bytes | BinaryIO) -> dict[str, Any]:
        """Store an original; return the members `bundle_path`, `size` and `sha256` of its file entry.

        Raises BundleTraversalError for an unsafe id or name.
        """
        path = f"files/{file_id}/{name}"
        reason = judge_input_path(path)
        if reason or path.count("/") != 2:
            message = f"The name {shown(path)} {reason or 'has too many segments'}; it cannot stand in a bundle."
            raise BundleTraversalError("E_PATH_UNSAFE", message, file=path)
        size, digest = store(self._root / path, content)
        self._file_count += 1
        if self._file_count <= _MOST_LISTED_FILES:
            self._files.append({"path": path, "size": size, "sha256": digest})
        return {"bundle_path": path, "size": size, "sha256": digest}

    def close(self) -> None:
        """End the last part and store the manifest: the bundle is complete."""
        if self._layout == "single" and self._part is None:
            self._part = self._new_part()
        self._end_part()
        entry: dict[str, Any] = {"dir": self._target, "records": self._records}
        if self._layout == "parts":
            entry["parts"] = self._parts
        self._manifest |= {"targets": {self._target: entry}, "schema": BUNDLE_SCHEMA, "complete": True}
        if 0 < self._file_count <= _MOST_LISTED_FILES:
            self._manifest["files"] = self._files
        store(self._root / MANIFEST_NAME, _json(self._manifest))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.close()
        finally:
            # What close() sealed is let go of there: a part that is still here was broken off.
            if self._part is not None:
                self._part.discard()

    def __enter__(self) -> Self:
        return self

    def _new_part(self) -> SealedFile:
        path = single_path(self._target) if self._layout == "single" else part_path(self._target, len(self._parts) + 1)
        return SealedFile(self._root / (path + _SUFFIXES[self._encoding]), self._encoding)

    def _end_part(self) -> None:
        if self._part is None:
            return
        size, digest = self._part.seal() if self._lasting else (self._part.finish(), None)
        self._records += self._part_records
        entry: dict[str, Any] = {
            "path": self._part.path.relative_to(self._root).as_posix(),
            "records": self._part_records,
            "cumulative_records": self._records,
            "size": size,
        }
        if digest is not None:
            entry["sha256"] = digest
        if self._encoding:
            entry["encoding"] = self._encoding
        self._parts.append(entry)
        self._part, self._part_records = None, 0


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
