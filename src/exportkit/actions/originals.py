"""Original files of an export: copied from the bundle or fetched, checked, and never half there."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from exportkit.clients import OriginalSource
from exportkit.clients.objects import ObjectFetcher
from exportkit.errors import RecordFault
from exportkit.normalize.item import file_digest
from exportkit.storage.beneath import BeneathError
from exportkit.storage.refusals import refusals_of

__all__ = ["Originals"]

_COPY_BYTES = 1 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
T = TypeVar("T")


class Originals:
    """Puts the file of an entry at a path. Every failure of the source is a RecordFault and leaves no file."""

    def __init__(self, spool: Path, source: OriginalSource | None, fetcher: ObjectFetcher, *, workers: int = 4) -> None:
        """`source` answers for entries with a `bundle_path`; without one they fail."""
        self._spool = spool
        self._source = source
        self._fetcher = fetcher
        self._workers = max(1, workers)
        self._pool: ThreadPoolExecutor | None = None
        self._numbers = count()
        self._ahead: OrderedDict[str, Future[Path]] = OrderedDict()

    def put(self, entry: Mapping[str, Any], path: Path) -> None:
        """Raises RecordFault where the source does not give the file, LocalIOError where this machine refuses it."""
        if entry.get("bundle_path") is not None:
            self._copy(entry, path)
            return
        url = _url_of(entry)
        ahead = self._ahead.pop(url, None)
        fetched = ahead.result() if ahead is not None else self._fetch(url, entry)
        with refusals_of("write", path):
            fetched.replace(path)

    def ahead_of(self, items: Iterable[T]) -> Iterator[T]:
        """The items unchanged, while the originals of the next ones are being fetched."""
        window: list[T] = []
        for item in items:
            entry = item.get("files") if isinstance(item, dict) else None
            if isinstance(entry, dict) and entry.get("bundle_path") is None and isinstance(entry.get("url"), str):
                self._start(entry)
                window.append(item)
            elif window:
                window.append(item)
            else:
                yield item
                continue
            if len(window) > 2 * self._workers:
                yield window.pop(0)
        yield from window

    def close(self) -> None:
        """Stop fetching ahead; what was fetched and not used lies in the spool."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, entry: Mapping[str, Any]) -> None:
        with suppress(RecordFault):
            url = _url_of(entry)
            if url not in self._ahead:
                self._pool = self._pool or ThreadPoolExecutor(self._workers, "exportkit-originals")
                self._ahead[url] = self._pool.submit(self._fetch, url, dict(entry))

    def _fetch(self, url: str, entry: Mapping[str, Any]) -> Path:
        path = self._spool / f"original-{next(self._numbers)}"
        with refusals_of("write", path):
            descriptor = os.open(path, _NEW, 0o666)
        try:
            self._fetcher.file(url, descriptor, size=_size(entry), sha256=file_digest(entry.get("sha256")))
        except (OSError, ValueError) as error:
            path.unlink()
            raise RecordFault(
                "E_FILE_MISSING", f"The original cannot be fetched: {error}", "$.files_manifest"
            ) from error
        except BaseException:
            path.unlink()
            raise
        finally:
            os.close(descriptor)
        return path

    def _copy(self, entry: Mapping[str, Any], path: Path) -> None:
        place = entry["bundle_path"]
        if self._source is None:
            text = "The original lies in a bundle, and no storage of a bundle is known here."
            raise RecordFault("E_FILE_MISSING", text, "$.files_manifest")
        try:
            source = self._source.open(place)
        except BeneathError as error:
            code = "E_PATH_UNSAFE" if error.kind in {"unsafe", "link"} else "E_FILE_MISSING"
            raise RecordFault(code, f"The original {place[:120]!r} {error}.", "$.files_manifest") from error
        try:
            self._copied(source, path, entry)
        finally:
            os.close(source)

    def _copied(self, source: int, path: Path, entry: Mapping[str, Any]) -> None:
        declared = file_digest(entry.get("sha256"))
        digest = hashlib.sha256() if declared is not None else None
        length = 0
        with refusals_of("write", path):
            target = os.open(path, _NEW, 0o666)
        try:
            with refusals_of("copy", path):
                while chunk := os.pread(source, _COPY_BYTES, length):
                    rest = memoryview(chunk)
                    while rest:
                        rest = rest[os.write(target, rest) :]
                    if digest is not None:
                        digest.update(chunk)
                    length += len(chunk)
            size = _size(entry)
            if size is not None and length != size:
                raise RecordFault("E_FILE_DIGEST", f"The original has {length} bytes, not {size}.", "$.files_manifest")
            if digest is not None and digest.hexdigest() != declared:
                raise RecordFault("E_FILE_DIGEST", "The original has not the declared SHA-256.", "$.files_manifest")
        except BaseException:
            os.unlink(path)  # noqa: PTH108
            raise
        finally:
            os.close(target)


def _url_of(entry: Mapping[str, Any]) -> str:
    url = entry.get("url")
    if not isinstance(url, str) or not url[:8].lower().startswith(("http://", "https://")):
        text = "The original has a url without http or https and no bundle_path; it is not read."
        raise RecordFault("E_URL_REFUSED", text, "$.files_manifest")
    return url


def _size(entry: Mapping[str, Any]) -> int | None:
    size = entry.get("size")
    return size if type(size) is int and size >= 0 else None
