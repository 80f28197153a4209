"""The head that lets the server fetch: jobs are asked for, followed to their end, and their bundles brought here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count
from threading import Event, Lock
from typing import Any, Final

from exportkit.acquisition.run_state import JobFacts, RunState
from exportkit.acquisition.shards import IdRange
from exportkit.clients.applied_filter import compare_applied_filter
from exportkit.clients.backend_v2 import BackendClientV2
from exportkit.clients.client_errors import ClientError
from exportkit.clients.job_outcome import DelegatedExportError, DelegatedExportResult, finalize_export, job_state
from exportkit.clients.job_watch import PollPatience, stream_export_progress
from exportkit.clients.plugin_exports import new_idempotency_key

__all__ = ["DelegatedHead", "ExportOrder", "result_of"]

#: Further attempts for a shard whose job failed.
_SHARD_RETRIES: Final = 2


@dataclass(frozen=True)
class ExportOrder:
    """What the server is asked to export (wire contract, section 9)."""

    storage_id: int
    path: str
    target: str
    include_original_files: bool
    requires_source: bool
    filter: Mapping[str, Any]
    project_id: int | None = None

    def body(self, shard: Mapping[str, Any]) -> dict[str, Any]:
        """The request for the part of the export that the keys of a shard select."""
        return {
            "storage_id": self.storage_id,
            "path": self.path,
            "targets": [self.target],
            "include_original_files": self.include_original_files,
            "requires_source": self.requires_source,
            "project_id": self.project_id,
            "filter": {**self.filter, **shard} or None,
        }


class DelegatedHead:
    """One export in one job of the server, or in several, each for a range of ids.

    Jobs are in the state of the run before they are asked for, under keys that make them one job however often they
    are asked for; a run that goes on finds them there.
    """

    def __init__(
        self,
        client: BackendClientV2,
        order: ExportOrder,
        state: RunState,
        patience: PollPatience,
        *,
        parallel: int = 3,
        progress: Callable[[int, int], object] = lambda _done, _total: None,
        tell: Callable[[str], object] = lambda _text: None,
    ) -> None:
        """`progress` gets the processed and the total count over all jobs, which never fall."""
        self._client = client
        self._order = order
        self._state = state
        self._patience = patience
        self._parallel = parallel
        self._progress = progress
        self._tell = tell
        self._finished: Callable[[JobFacts], object] = lambda _job: None
        self._stopped = Event()
        self._lock = Lock()
        self._counts: dict[int, tuple[int, int]] = {}
        self._shown = (0, 0)
        #: Jobs that this process asked for, which a rollback cancels.
        self.enqueued: list[str] = []

    def enqueue(self, ranges: Callable[[int | None], Iterable[IdRange]] = lambda _below: ()) -> list[JobFacts]:
        """Take note of the jobs, one for each range, and ask for the first of them, as many as may run at once.

        `ranges` gives those below an id, from the highest to the lowest; jobs are asked for while it goes on, a further
        one when one is over. A run that goes on has its jobs already. Without ranges, or where they cannot be had, one
        job does it all. Raises ClientError.
        """
        for job in self._state.jobs()[: self._parallel]:
            self._ask_once(job)
        if not self._state.is_planned:
            try:
                self._plan(ranges)
            except _NotSplit as error:
                self.cancel()
                self._state.finish_plan(only=_whole())
                self._tell(f"The export is not split, since its ids cannot be listed: {error.__cause__}")
            for job in self._state.jobs()[: self._parallel]:
                self._ask_once(job)
        return self._state.jobs()

    def _plan(self, ranges: Callable[[int | None], Iterable[IdRange]]) -> None:
        """One job for each range. As many as may run at once are asked for meanwhile, so that the server has work."""
        known = self._state.jobs()
        running = [job.job_id for job in known if job.job_id is not None]
        waiting = deque(job for job in known if job.job_id is None)
        shards = iter(ranges(known[-1].filter["_id_gte"] if known else None))
        for number in count(len(known)):
            try:
                shard = next(shards, None)
            except ClientError as error:
                raise _NotSplit from error
            if shard is None:
                break
            job = JobFacts(number, shard.keys(), new_idempotency_key())
            self._state.plan_job(job)
            waiting.append(job)
            if len(running) >= self._parallel:
                running = [job_id for job_id in running if not self._is_over(job_id)]
            while waiting and len(running) < self._parallel:
                running.append(self._ask_for(waiting.popleft()))
        self._state.finish_plan(only=None if number else _whole())

    def _is_over(self, job_id: str) -> bool:
        try:
            return job_state(self._client.async_jobs.retrieve(job_id)).is_over
        except ClientError:
            return False  # told by whoever follows it

    def _ask_once(self, job: JobFacts) -> None:
        if job.job_id is None:
            self._ask_for(job)

    def follow(self, finished: Callable[[JobFacts], object] = lambda _job: None) -> list[DelegatedExportResult]:
        """Wait for every job and return where its bundle is, from the highest range to the lowest.

        `finished` is told of each job whose bundle is there, from the thread that waited for it.

        A job that fails is asked for anew twice where it is one of several, and once where an earlier process asked
        for it. Raises DelegatedExportError and ClientError.
        """
        self._finished = finished
        jobs = self._state.jobs()
        if len(jobs) == 1:
            self._finish_or_renew(jobs[0])
        else:
            self._follow_all(jobs)
        return [result_of(job) for job in self._state.jobs()]

    def cancel(self) -> None:
        """Have the jobs end that this process asked for, as far as the server is there; the next run asks anew."""
        for job in self._state.jobs():
            if job.job_id in self.enqueued and job.manifest is None:
                with suppress(ClientError):
                    self._client.async_jobs.cancel(str(job.job_id))
                self._state.renew_job(job.shard, new_idempotency_key())

    # ----------------------------------------------------------------------------------------------------------

    def _ask_for(self, job: JobFacts) -> str:
        answer = self._client.plugin_exports.create(idempotency_key=job.idempotency_key, **self._order.body(job.filter))
        job_id: str = answer["job_id"]
        self._state.record_job(job.shard, job_id)
        self.enqueued.append(job_id)
        self._compare_filter(answer.get("applied_filter"), job)
        return job_id

    def _compare_filter(self, echo: object, job: JobFacts) -> None:
        """What the server says it applies must be what it was asked (wire contract, section 18)."""
        if isinstance(echo, Mapping):
            compare_applied_filter({**self._order.filter, **job.filter}, echo)

    def _follow_all(self, jobs: Sequence[JobFacts]) -> None:
        waiting = list(jobs)
        for attempt in range(1 + _SHARD_RETRIES):
            failures = self._attempts(waiting)
            if not failures:
                return
            if attempt == _SHARD_RETRIES:
                raise failures[0][1]
            waiting = []
            for job, error in failures:
                self._tell(f"The shard {job.shard + 1} of {len(jobs)} failed and is exported again: {error}")
                self._state.renew_job(job.shard, new_idempotency_key())
            failed = {job.shard for job, _ in failures}
            waiting = [job for job in self._state.jobs() if job.shard in failed]

    def _attempts(self, jobs: Sequence[JobFacts]) -> list[tuple[JobFacts, Exception]]:
        """Follow jobs side by side. What ends one of them for another reason than its job ends all of them."""
        pool = ThreadPoolExecutor(min(self._parallel, len(jobs)), "exportkit-shards")
        try:
            attempts = [pool.submit(self._attempt, job) for job in jobs]
            for attempt in wait(attempts, return_when=FIRST_EXCEPTION).done:
                attempt.result()
            return [found for attempt in attempts if (found := attempt.result()) is not None]
        except BaseException:
            self._stopped.set()
            raise
        finally:
            # A thread that waits for an event of the server is left behind; the run has its ending to do.
            pool.shutdown(wait=not self._stopped.is_set(), cancel_futures=True)

    def _attempt(self, job: JobFacts) -> tuple[JobFacts, Exception] | None:
        try:
            self._finish(job)
        except (DelegatedExportError, ClientError) as error:
            return job, error
        return None

    def _finish_or_renew(self, job: JobFacts) -> None:
        try:
            self._finish(job)
        except DelegatedExportError:
            if job.job_id is None or job.job_id in self.enqueued:
                raise
            self._tell(f"The job {job.job_id} of the unfinished run is of no use any more; the server is asked anew.")
            self._state.renew_job(job.shard, new_idempotency_key())
            self._finish(self._state.jobs()[job.shard])

    def _finish(self, job: JobFacts) -> None:
        if job.manifest is not None:
            self._finished(job)
            return
        job_id = job.job_id or self._ask_for(job)
        detail = stream_export_progress(
            v2_client=self._client,
            job_id=job_id,
            progress_callback=lambda done, total: self._advance(job.shard, done, total),
            patience=self._patience,
            sleep=self._pause,
        )
        result = finalize_export(detail, job_id=job_id)
        self._compare_filter(result.applied_filter, job)
        self._state.record_job(job.shard, job_id, asdict(result))
        self._finished(job._replace(job_id=job_id, manifest=asdict(result)))

    def _pause(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise KeyboardInterrupt

    def _advance(self, shard: int, done: int, total: int) -> None:
        if self._stopped.is_set():
            raise KeyboardInterrupt
        with self._lock:
            before = self._counts.get(shard, (0, 0))
            self._counts[shard] = (max(before[0], done), max(before[1], total))
            sums = [sum(column) for column in zip(*self._counts.values(), strict=True)]
            self._shown = (max(self._shown[0], sums[0]), max(self._shown[1], sums[1]))
            shown = self._shown
        self._progress(*shown)


class _NotSplit(Exception):
    """The ids by which an export would be split cannot be listed."""


def _whole() -> JobFacts:
    """A job for everything."""
    return JobFacts(0, {}, new_idempotency_key())


def result_of(job: JobFacts) -> DelegatedExportResult:
    """What is known of a job that was followed to its end."""
    assert job.manifest is not None  # noqa: S101 - set where the job was followed to its end
    return DelegatedExportResult(**job.manifest)
