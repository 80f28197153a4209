"""A worker: takes jobs from the queue one at a time and brings each to its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from exportkit.errors import ExportkitError
from exportkit.server.backend import Backend
from exportkit.server.bundle_job import write_bundle
from exportkit.server.destinations import job_prefix, open_destination
from exportkit.server.export_request import ExportOrder
from exportkit.server.job_queue import Claim, JobQueue, LeaseLost
from exportkit.server.refusals import Refusal
from exportkit.server.snapshots import store_snapshot
from exportkit.server.tables import storage
from exportkit.server.worker_name import new_worker_name

__all__ = ["Worker"]

_LOG: Final = logging.getLogger(__name__)
#: Between two looks for jobs that nobody told of: those of other servers, and those whose workers vanished.
_IDLE_SECONDS: Final = 1.0
_TROUBLE_SECONDS: Final = 2.0
_TOLD_SECONDS: Final = 0.3


class Worker:
    """Works until it is told to end. Errors of one job end that job, not the worker."""

    def __init__(self, backend: Backend, told: Callable[[str], object] = lambda _job_id: None) -> None:
        """`told` is called with the id of a job for which something was stored, so that whoever follows it looks."""
        self._backend = backend
        self._told = told
        settings = backend.settings
        self._lease = settings.lease_seconds
        self._queue = JobQueue(backend.database, settings.lease_seconds, settings.job_attempts)
        #: Set by whoever knows of a new job.
        self.woken = Event()
        self.name = new_worker_name()

    def run(self) -> None:
        """Take jobs until the backend ends; a job at work is then handed back."""
        ending = self._backend.ending
        while not ending.is_set():
            try:
                self._queue.reap()
                claim = self._queue.claim(self.name)
            except SQLAlchemyError as error:
                _LOG.warning("The database does not answer: %s", type(error).__name__)
                ending.wait(_TROUBLE_SECONDS)
                continue
            if claim is None:
                self.woken.wait(_IDLE_SECONDS)
                self.woken.clear()
            else:
                self._work_on(claim)

    def _work_on(self, claim: Claim) -> None:
        """Bring one job to its end, whatever it raises; what the database refuses is left to the lease."""
        _LOG.info("job %s: begun by %s", claim.job_id, self.name)
        try:
            try:
                with self._heartbeat(claim) as lost:
                    self._export(claim, lost)
            except _Ending:
                self._queue.hand_back(claim)
            except (ExportkitError, Refusal) as error:
                self._queue.fail(claim, str(error))
            except (LeaseLost, SQLAlchemyError):
                raise
            except Exception as error:  # noqa: BLE001 - the border of one job, so that it always ends
                _LOG.error("job %s: a defect: %s: %s", claim.job_id, type(error).__name__, error)
                self._queue.fail(claim, f"The server failed at this job: {type(error).__name__}.")
        except LeaseLost:
            _LOG.info("job %s: taken over by another worker, or cancelled", claim.job_id)
        except SQLAlchemyError as error:
            _LOG.warning("job %s: the database failed: %s", claim.job_id, type(error).__name__)
            self._backend.ending.wait(_TROUBLE_SECONDS)
        else:
            self._told(claim.job_id)

    def _export(self, claim: Claim, lost: Event) -> None:
        backend = self._backend
        order = msgspec.json.decode(claim.request, type=ExportOrder)
        with backend.database.reading() as connection:
            found = connection.execute(select(storage).where(storage.c.id == order.storage_id)).one()
        destination = open_destination(found.provider, found.place, backend.settings.folder)
        prefix = job_prefix(order.path, claim.job_id)
        told = [0.0]

        def progress(written: int, count: int) -> None:
            if lost.is_set():
                raise LeaseLost(claim.job_id)
            if backend.ending.is_set():
                raise _Ending
            now = time.monotonic()
            if now - told[0] >= _TOLD_SECONDS or written in {0, count}:
                told[0] = now
                self._queue.progress(claim, written, count)
                self._told(claim.job_id)

        manifest = destination.manifest(prefix)
        if manifest is None:
            uri = destination.uri(prefix)
            with destination.scratch(claim.job_id, claim.fence) as folder:
                write_bundle(backend, claim.tenant_id, claim.job_id, order, folder, prefix, uri, progress)
                destination.publish(folder, prefix, partial(self._queue.renew, claim))
            manifest = destination.manifest(prefix)
        if manifest is None:
            raise LeaseLost(claim.job_id)
        count = manifest["targets"][order.target]["records"]
        result: dict[str, Any] = {"count": count, "result_uri": manifest["result_uri"], "manifest": manifest}
        result |= {key: manifest[key] for key in ("applied_filter", "applied_count") if key in manifest}
        if order.version_id is None:
            self._queue.complete(claim, result, count)
        else:
            keep = partial(store_snapshot, job_id=claim.job_id, version_id=order.version_id, manifest=manifest)
            self._queue.complete(claim, result, count, keep)
        _LOG.info("job %s: completed, %d records", claim.job_id, count)

    @contextmanager
    def _heartbeat(self, claim: Claim) -> Iterator[Event]:
        """Renew the lease while the block lasts; the event tells that it was lost."""
        done, lost = Event(), Event()

        def beat() -> None:
            while not done.wait(self._lease / 4):
                try:
                    self._queue.renew(claim)
                except LeaseLost:
                    lost.set()
                    return
                except SQLAlchemyError as error:
                    _LOG.warning("job %s: no sign of life could be given: %s", claim.job_id, type(error).__name__)

        thread = Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield lost
        finally:
            done.set()
            thread.join()


class _Ending(Exception):
    """The worker is told to end in the middle of a job."""
