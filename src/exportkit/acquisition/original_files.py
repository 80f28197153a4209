"""Originals beside the lines: fetched in parallel, each once, named as the bundle names them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeGuard
from urllib.parse import urlsplit

from exportkit.acquisition.run_state import FileFacts, RunState
from exportkit.clients.objects import FetchFailed, ObjectFetcher, ObjectGone
from exportkit.normalize.item import file_digest
from exportkit.storage.refusals import refusals_of
from exportkit.storage.safe_path import judge_input_path

__all__ = ["FreshUrl", "OriginalFiles", "Placed", "is_fetchable"]

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER: Final = "files/"

#: New URLs for a file whose URL has expired (wire contract, section 7).
_REISSUES: Final = 3

#: Gives the URL of a file anew, None where there is none.
FreshUrl = Callable[[], str | None]
#: A file entry as it is stored, and what was fetched for it, if anything was.
Placed = tuple[dict[str, Any], FileFacts | None]


def _none() -> None:
    return None


def is_fetchable(url: object) -> TypeGuard[str]:
    """Whether a file entry names a file that is asked for over HTTP."""
    return isinstance(url, str) and url[:8].lower().startswith(("http://", "https://"))


class OriginalFiles:
    """Fetches the files of entries into a folder; any thread may ask.

    A file that several items share is fetched once. An entry whose file cannot be had keeps its place without one: the
    tail finds out, as it does for a bundle that lacks a file.
    """

    def __init__(self, folder: Path, state: RunState, fetcher: ObjectFetcher, *, workers: int = 8) -> None:
        self._folder = folder
        self._state = state
        self._fetcher = fetcher
        self._pool = ThreadPoolExecutor(workers, "exportkit-originals")
        self._lock = Lock()
        self._sources: dict[str, str] = {}
        self._running: dict[str, Future[FileFacts | None]] = {}

    def close(self) -> None:
        """Stop fetching."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def place(self, item_id: int | str, name: str, entry: Any, fresh: FreshUrl = _none) -> Future[Placed] | Placed:
        """The entry as it will be stored; a future while its file is being fetched.

        `fresh` is asked where the host no longer honours the URL.
        """
        if not isinstance(entry, Mapping):
            return entry, None
        url = entry.get("url")
        if not is_fetchable(url):
            return dict(entry), None
        source = _without_query(url)
        with self._lock:
            path = self._path(item_id, name, entry, source)
            known = self._running.get(path)
            running = known or self._pool.submit(self._fetched, path, source, dict(entry), fresh)
            self._running[path] = running
        if known is None:
            # One that is done by now calls back at once, in this thread, and takes the lock.
            running.add_done_callback(partial(self._settled, path))
        placed: Future[Placed] = Future()
        running.add_done_callback(lambda done: _settle(placed, done, dict(entry), path, source))
        return placed

    def _path(self, item_id: int | str, name: str, entry: Mapping[str, Any], source: str) -> str:
        """Where the file will lie: as the other side names it, if nothing else lies there."""
        told = entry.get("bundle_path")
        usual = f"{_FOLDER}{item_id}/{entry.get('file_name_original') or name}"
        for path in (told, usual, f"{_FOLDER}{item_id}/{name}"):
            if not isinstance(path, str) or not path.startswith(_FOLDER) or judge_input_path(path) is not None:
                continue
            if self._claim(path, source):
                return path
        for number in count(1):
            own = f"{_FOLDER}{item_id}/original-{number}"
            if self._claim(own, source):
                return own
        raise AssertionError("unreachable")

    def _claim(self, path: str, source: str) -> bool:
        holder = self._sources.get(path)
        if holder is None and (known := self._state.file(path)) is not None:
            holder = known.source
        return self._sources.setdefault(path, holder or source) == source

    def _fetched(self, path: str, source: str, entry: dict[str, Any], fresh: FreshUrl) -> FileFacts | None:
        known = self._state.file(path)
        target = self._folder / path
        if known is not None and target.is_file():
            return None
        with refusals_of("write", target):
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(target, _NEW, 0o600)
        try:
            self._fetch_anew(descriptor, entry, fresh)
            size = os.fstat(descriptor).st_size
        except BaseException:
            target.unlink()
            raise
        finally:
            os.close(descriptor)
        with target.open("rb") as file:
            return FileFacts(path, size, hashlib.file_digest(file, "sha256").hexdigest(), source)

    def _fetch_anew(self, descriptor: int, entry: Mapping[str, Any], fresh: FreshUrl) -> None:
        """Fetch by the URL of the entry, and by new ones where it has expired."""
        url: str = entry["url"]
        for reissues in range(_REISSUES + 1):
            try:
                return self._fetch(url, descriptor, entry)
            except ObjectGone:
                newer = fresh() if reissues < _REISSUES else None
                if newer is None or newer == url:
                    raise
                url = newer
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
        raise AssertionError("unreachable")

    def _fetch(self, url: str, descriptor: int, entry: Mapping[str, Any]) -> None:
        """A file that is not what was declared is kept as it is: the tail judges it, as it does in any bundle."""
        size, digest = entry.get("size"), file_digest(entry.get("sha256"))
        declared: dict[str, Any] = {"size": size if type(size) is int else None, "sha256": digest}
        try:
            self._fetcher.file(url, descriptor, **declared)
        except ObjectGone:
            raise
        except FetchFailed:
            if declared == {"size": None, "sha256": None}:
                raise
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            self._fetcher.file(url, descriptor)

    def forget(self, committed: Iterable[FileFacts]) -> None:
        """Files that the state knows from now on."""
        with self._lock:
            for facts in committed:
                self._sources.pop(facts.path, None)
                self._running.pop(facts.path, None)

    def _settled(self, path: str, done: Future[FileFacts | None]) -> None:
        """Keep what was fetched until it is committed; ask again for what was not."""
        if done.cancelled() or done.exception() is not None or done.result() is None:
            with self._lock:
                self._sources.pop(path, None)
                self._running.pop(path, None)


def _settle(
    placed: Future[Placed], done: Future[FileFacts | None], entry: dict[str, Any], path: str, source: str
) -> None:
    error = done.exception()
    if error is None:
        stored = {key: value for key, value in entry.items() if key != "url"}
        placed.set_result(({**stored, "bundle_path": path}, done.result()))
    elif isinstance(error, (FetchFailed, ValueError)):
        # Whatever a URL was signed with is no part of a bundle.
        kept = {key: value for key, value in entry.items() if key != "url"}
        placed.set_result((kept if entry.get("bundle_path") is not None else {**kept, "url": source}, None))
    else:
        placed.set_exception(error)


def _without_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
