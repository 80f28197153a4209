"""Originals of a bundle on their way into the server: stored once by content, and marked where rows name them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from exportkit.bundles.canonical_line import encoded_member
from exportkit.errors import LocalIOError
from exportkit.server.documents import FileMark, marked
from exportkit.server.loaded_line import LoadedLine
from exportkit.server.signed_urls import original_key
from exportkit.storage.beneath import Beneath, BeneathError
from exportkit.storage.objects import ObjectExists, ObjectStore
from exportkit.storage.refusals import shown

__all__ = ["LoadedFiles"]

#: Up to this size a file is held while it is stored.
_HELD: Final = 8 << 20
_PLACES: Final = ("bundle_path", "url")


class LoadedFiles:
    """Stores the originals that lines name. An entry whose file is not in the bundle stays as it came."""

    def __init__(self, bundle: Beneath, objects: ObjectStore, tenant_id: int) -> None:
        self._bundle = bundle
        self._objects = objects
        self._tenant_id = tenant_id
        # Neighbouring rows name one original, as frames of a video do.
        self._mark_of = lru_cache(maxsize=1024)(self._found)

    def stored(self, line: LoadedLine) -> bytes | None:
        """Give the files of a line as JSON with marks, None where it has none."""
        if not line.has_files:
            return None
        if not isinstance(line.files, Mapping):
            return encoded_member(line.files)
        entries = ((spec, self._entry(entry, line)) for spec, entry in line.files.items())
        return b"{%b}" % b",".join(b"%b:%b" % (encoded_member(spec), entry) for spec, entry in entries)

    def _entry(self, entry: Any, line: LoadedLine) -> bytes:
        path = entry.get("bundle_path") if isinstance(entry, Mapping) else None
        mark = self._mark_of(path) if isinstance(path, str) else None
        if mark is None:
            return encoded_member(entry)
        members = dict(entry)
        if not members.get("file_name_original") and line.unit_name is None:
            # In the bundle its path gives the file its name; behind a URL nothing else does.
            members["file_name_original"] = mark.bundle_path.rpartition("/")[2]
        members = {"size": mark.size, "sha256": mark.digest} | members
        kept = (
            b"%b:%b" % (encoded_member(key), encoded_member(value))
            for key, value in members.items()
            if key not in _PLACES
        )
        return b"{%b}" % b",".join([marked(mark), *kept])

    def _found(self, path: str) -> FileMark | None:
        """Store an original, if the bundle has it. Raises LocalIOError where it may not be read."""
        try:
            descriptor = self._bundle.open(path)
        except BeneathError as error:
            if error.kind in {"permission", "io"}:
                message = f"The original {shown(path)} {error}; change its permissions, or remove it."
                raise LocalIOError(message) from error
            return None
        with os.fdopen(descriptor, "rb") as file:
            size = os.fstat(descriptor).st_size
            content = file.read() if size <= _HELD else None
            digest = hashlib.sha256(content) if content is not None else hashlib.file_digest(file, "sha256")
            mark = FileMark(digest.hexdigest(), size, path)
            file.seek(0)
            # By its descriptor, for its path may lead elsewhere by now.
            self._store(mark, Path(f"/dev/fd/{descriptor}") if content is None else content)
        return mark

    def _store(self, mark: FileMark, content: bytes | Path) -> None:
        key = original_key(self._tenant_id, mark.digest)
        if self._objects.size(key) is None:
            with suppress(ObjectExists):
                self._objects.put(key, content)
