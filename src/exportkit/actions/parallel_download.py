"""Several files fetched at once, told in the order in which they were asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from exportkit.clients.objects import ObjectFetcher

__all__ = ["DEFAULT_DOWNLOAD_WORKERS", "download_files_parallel"]

DEFAULT_DOWNLOAD_WORKERS = 4


def download_files_parallel(
    jobs: Sequence[tuple[str, Path]],
    *,
    workers: int = DEFAULT_DOWNLOAD_WORKERS,
    download_fn: Callable[[str, Path], object] | None = None,
) -> list[tuple[bool, str | None]]:
    """(ok, error) of each (URL, path). A failed job leaves no file and stops no other one."""
    fetch = download_fn or _fetched

    def one(job: tuple[str, Path]) -> tuple[bool, str | None]:
        url, path = job
        try:
            fetch(url, Path(path))
        except Exception as error:  # noqa: BLE001 - the border of one file
            with suppress(OSError):
                Path(path).unlink()
            return False, f"{type(error).__name__}: {error}"
        return True, None

    with ThreadPoolExecutor(max(1, workers), "exportkit-download") as pool:
        return list(pool.map(one, jobs))


def _fetched(url: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        ObjectFetcher.shared().file(url, descriptor)
    finally:
        os.close(descriptor)
