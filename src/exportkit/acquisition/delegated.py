"""The head that lets the server fetch: jobs are asked for, followed to their end, and their bundles brought here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
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
from exportkit.clients.job_outcome import DelegatedExportError, DelegatedExportResult, finalize_export
from exportkit.clients.job_watch import PollPatience, stream_export_progress
from exportkit.clients.plugin_exports import new_idempotency_key

__all__ = ["DelegatedHead", "ExportOrder", "result_of"]

#: Further attempts for a shard whose job failed.
_SHARD_RETRIES: Final = 2
#: Seconds that a rollback waits for a request for a job.
_PATIENCE: Final = 5.0


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
        self._failed = Event()
        self._asking = Lock()
        self._recording = Lock()
        self._lock = Lock()
        self._counts: dict[int, tuple[int, int]] = {}
        self._shown = (0, 0)
        self._is_awaited = False
        self._pool: ThreadPoolExecutor | None = None
        self._attempts: list[Future[_Failure | None]] = []
        #: Jobs that this process asked for, which a rollback cancels.
        self.enqueued: list[str] = []

    def enqueue(
        self,
        ranges: Callable[[int | None], Iterable[IdRange]] = lambda _below: (),
        finished: Callable[[JobFacts], object] = lambda _job: None,
    ) -> list[JobFacts]:
        """Take note of the jobs, one for each range, and ask for the first of them, as many as may run at once.

        `ranges` gives those below an id, from the highest to the lowest. Meanwhile jobs are followed, and a further one
        is asked for when one is over; `finished` is told of each job whose bundle is there, from the thread that waited
        for it. A run that goes on has its jobs already. Without ranges, or where they cannot be had, one job does it
        all, or all that is left. Raises ClientError.
        """
        self._finished = finished
        known = self._state.jobs()
        try:
            if not (self._state.is_planned and len(known) == 1):
                for job in known:
                    self._start(job)
            if not self._state.is_planned:
                self._plan(known, ranges)
            if not self._attempts:
                self._ask_once(self._state.jobs()[0])
        except BaseException:
            self.stop()
            raise
        return self._state.jobs()

    def _plan(self, known: Sequence[JobFacts], ranges: Callable[[int | None], Iterable[IdRange]]) -> None:
        """One job for each range, started when it is known; the last may be one for all that is left."""
        last: JobFacts | None = None
        lowest: int | None = known[-1].filter["_id_gte"] if known else None
        shards = iter(ranges(lowest))
        for number in count(len(known)):
            try:
                shard = next(shards, None)
            except ClientError as error:
                self._tell(f"The export is not split any further, since its ids cannot be listed: {error}")
                last = _job_of(number, _below(lowest))
                break
            if shard is None:
                if not number:
                    last = _job_of(0, {})
                break
            lowest = shard.id_gte
            job = _job_of(number, shard.keys())
            self._state.plan_job(job)
            self._start(job)
            if self._failed.is_set():
                self._failures()
        self._state.finish_plan(last)
        if last is not None and last.shard:
            self._start(last)

    def _start(self, job: JobFacts) -> None:
        """Have one of several jobs followed. The first of them are asked for at once, to be told of where it fails."""
        if job.job_id is None and len(self._attempts) < self._parallel:
            job = job._replace(job_id=self._ask_for(job))
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._parallel, "exportkit-shards")
        self._attempts.append(self._pool.submit(self._attempt, job))

    def _ask_once(self, job: JobFacts) -> None:
        if job.job_id is None:
            self._ask_for(job)

    def follow(self) -> list[DelegatedExportResult]:
        """Wait for every job and return where its bundle is, from the highest range to the lowest.

        A job that fails is asked for anew twice where it is one of several, and once where an earlier process asked
        for it. Raises DelegatedExportError and ClientError.
        """
        self._tell_progress()
        if self._attempts:
            self._await_all()
        else:
            self._finish_or_renew(self._state.jobs()[0])
        return [result_of(job) for job in self._state.jobs()]

    def stop(self) -> None:
        """Follow no job any further, and take note of none; they go on.

        A thread that waits for an event of the server is left behind.
        """
        with self._recording:
            self._stopped.set()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def cancel(self) -> None:
        """Have the jobs end that this process asked for, as far as the server is there; the next run asks anew."""
        self.stop()
        # What is being asked for in another thread is one of them, too, unless the server takes its time for that.
        is_held = self._asking.acquire(timeout=_PATIENCE)
        try:
            for job in self._state.jobs():
                if job.job_id in self.enqueued and job.manifest is None:
                    with suppress(ClientError):
                        self._client.async_jobs.cancel(str(job.job_id))
                    self._state.renew_job(job.shard, new_idempotency_key())
        finally:
            if is_held:
                self._asking.release()

    # ----------------------------------------------------------------------------------------------------------

    def _ask_for(self, job: JobFacts) -> str:
        body = self._order.body(job.filter)
        with self._asking:
            self._go_on()
            answer = self._client.plugin_exports.create(idempotency_key=job.idempotency_key, **body)
            job_id: str = answer["job_id"]
            self._state.record_job(job.shard, job_id)
            self.enqueued.append(job_id)
        self._compare_filter(answer.get("applied_filter"), job)
        return job_id

    def _compare_filter(self, echo: object, job: JobFacts) -> None:
        """What the server says it applies must be what it was asked (wire contract, section 18)."""
        if isinstance(echo, Mapping):
            compare_applied_filter({**self._order.filter, **job.filter}, echo)

    def _await_all(self) -> None:
        assert self._pool is not None  # noqa: S101 - where there are attempts, there is who makes them
        try:
            for retry in range(1 + _SHARD_RETRIES):
                failures = self._failures()
                if not failures:
                    break
                if retry == _SHARD_RETRIES:
                    raise failures[0][1]
                self._attempts = [self._pool.submit(self._attempt, job) for job in self._renewed(failures)]
        except BaseException:
            self.stop()
            raise
        self._pool.shutdown()

    def _failures(self) -> list[_Failure]:
        """Wait for all jobs. What ends one of them for another reason than its job ends all of them."""
        for attempt in wait(self._attempts, return_when=FIRST_EXCEPTION).done:
            attempt.result()
        return [found for attempt in self._attempts if (found := attempt.result()) is not None]

    def _renewed(self, failures: Sequence[_Failure]) -> list[JobFacts]:
        """Other jobs in place of those that failed."""
        jobs = len(self._state.jobs())
        for job, error in failures:
            self._tell(f"The shard {job.shard + 1} of {jobs} failed and is exported again: {error}")
            self._state.renew_job(job.shard, new_idempotency_key())
        failed = {job.shard for job, _ in failures}
        return [job for job in self._state.jobs() if job.shard in failed]

    def _attempt(self, job: JobFacts) -> _Failure | None:
        try:
            self._finish(job)
        except (DelegatedExportError, ClientError) as error:
            return job, error
        except BaseException:
            self._failed.set()
            raise
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
        with self._recording:
            self._go_on()
            self._state.record_job(job.shard, job_id, asdict(result))
        self._finished(job._replace(job_id=job_id, manifest=asdict(result)))

    def _pause(self, seconds: float) -> None:
        self._stopped.wait(seconds)
        self._go_on()

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise KeyboardInterrupt

    def _advance(self, shard: int, done: int, total: int) -> None:
        self._go_on()
        with self._lock:
            before = self._counts.get(shard, (0, 0))
            self._counts[shard] = (max(before[0], done), max(before[1], total))
            sums = [sum(column) for column in zip(*self._counts.values(), strict=True)]
            self._shown = (max(self._shown[0], sums[0]), max(self._shown[1], sums[1]))
            # What is done before anybody waits for it belongs to another step of the export.
            if self._is_awaited:
                self._progress(*self._shown)

    def _tell_progress(self) -> None:
        """From now on, and what was done before."""
        with self._lock:
            self._is_awaited = True
            if self._shown[1]:
                self._progress(*self._shown)


#: A job, and why there is no bundle of it.
_Failure = tuple[JobFacts, Exception]


def _job_of(shard: int, keys: Mapping[str, int]) -> JobFacts:
    return JobFacts(shard, dict(keys), new_idempotency_key())


def _below(upper: int | None) -> dict[str, int]:
    """The filter keys of everything below an id, which is everything where there is none; ids are not negative."""
    return {} if upper is None else IdRange(0, upper).keys()


def result_of(job: JobFacts) -> DelegatedExportResult:
    """What is known of a job that was followed to its end."""
    assert job.manifest is not None  # noqa: S101 - set where the job was followed to its end
    return DelegatedExportResult(**job.manifest)
