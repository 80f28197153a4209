"""The bundles of several jobs, each copied from when it is there, in the order of their ranges."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

from exportkit.acquisition.asked_ids import AskedIds
from exportkit.acquisition.bundle_copy import BundleCopy
from exportkit.acquisition.run_state import JobFacts
from exportkit.wire.manifest import RawManifest

__all__ = ["BundleArrivals"]


class BundleArrivals:
    """Copies in a thread, while other jobs are still at work. Any thread may tell of a job that is over."""

    def __init__(self, copy: BundleCopy, bundle_of: Callable[[JobFacts], tuple[RawManifest, AskedIds | None]]) -> None:
        """`bundle_of` gives the manifest of a job that is over, and the ids that it was asked for."""
        self._copy = copy
        self._bundle_of = bundle_of
        self._lock = Lock()
        self._waiting: dict[int, JobFacts] = {}
        self._copies: list[Future[list[dict[str, Any]]]] = []
        self._copier = ThreadPoolExecutor(1, "exportkit-copy")

    def arrived(self, job: JobFacts) -> None:
        """The bundle of a job is whole. It is copied when those of all shards before it are."""
        with self._lock:
            self._waiting[job.shard] = job
            while (following := self._waiting.pop(len(self._copies), None)) is not None:
                self._copies.append(self._copier.submit(self._take, following))

    def parts(self) -> list[dict[str, Any]]:
        """Wait for all copies; entries for the manifest, ids rising. Raises what the first that failed raised."""
        shards = [copy.result() for copy in self._copies]
        return [part for parts in reversed(shards) for part in parts]

    def close(self) -> None:
        """Stop copying; a second call does nothing."""
        self._copy.stop()
        self._copier.shutdown(wait=True, cancel_futures=True)

    def _take(self, job: JobFacts) -> list[dict[str, Any]]:
        return self._copy.add(*self._bundle_of(job))
