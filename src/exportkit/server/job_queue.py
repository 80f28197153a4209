"""The queue of jobs: a table in which every job changes hands by a lease and a fencing number.

A worker holds a job as long as it renews its lease. Whoever takes a job over raises its fence, and every later write of
the former holder, which still knows the old number, changes nothing. All times are those of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from exportkit.server.database import Database
from exportkit.server.tables import job, job_event

__all__ = ["ENDED", "Claim", "JobQueue", "LeaseLost"]

#: States that a job never leaves.
ENDED: Final = ("COMPLETED", "FAILED", "CANCELLED")


class LeaseLost(Exception):
    """The job belongs to somebody else by now, or was cancelled: leave it alone."""


@dataclass(frozen=True)
class Claim:
    """A job in the hands of one worker."""

    job_id: str
    tenant_id: int
    type: str
    request: str
    fence: int


class JobQueue:
    """Any number of workers, in any number of processes, may share it."""

    def __init__(self, database: Database, lease_seconds: float, attempts: int) -> None:
        self._database = database
        self._lease = lease_seconds
        self._attempts = attempts

    def claim(self, worker: str) -> Claim | None:
        """Take the oldest job that waits, or that its worker left; None where there is none."""
        now = self._database.now
        left = and_(job.c.status == "PROCESSING", job.c.lease_until < now, job.c.attempts < self._attempts)
        waiting = select(job).where(or_(job.c.status == "PENDING", left)).order_by(job.c.created).limit(1)
        with self._database.reading() as connection:  # most looks find nothing, and keep no writer waiting
            if connection.execute(waiting).first() is None:
                return None
        with self._database.writing() as connection:
            found = connection.execute(waiting.with_for_update(skip_locked=True)).first()
            if found is None:
                return None
            values = {
                "status": "PROCESSING",
                "fence": found.fence + 1,
                "attempts": found.attempts + 1,
                "worker": worker,
                "lease_until": now + self._lease,
                "progress_updated": now,
                "started": now if found.started is None else found.started,
            }
            connection.execute(update(job).where(job.c.id == found.id).values(values))
        return Claim(found.id, found.tenant_id, found.type, found.request, found.fence + 1)

    def renew(self, claim: Claim) -> None:
        """Go on holding the job. Raises LeaseLost."""
        with self._database.writing() as connection:
            self._write(connection, claim, {"lease_until": self._database.now + self._lease})

    def progress(self, claim: Claim, processed: int, total: int) -> None:
        """Tell how far the job is, and go on holding it. Raises LeaseLost."""
        now = self._database.now
        values = {"processed_count": processed, "total_count": total, "progress_updated": now}
        with self._database.writing() as connection:
            self._write(connection, claim, {**values, "lease_until": now + self._lease})
            if total > 0:
                tell(connection, claim.job_id, "async_job.progress", progress_body(processed, total, "processing"))

    def complete(
        self,
        claim: Claim,
        result: Mapping[str, Any],
        count: int,
        also: Callable[[Connection], None] | None = None,
    ) -> None:
        """End the job with what it made; what `also` writes is written with it or not at all. Raises LeaseLost."""
        with self._database.writing() as connection:
            counts = {"processed_count": count, "total_count": count}
            self._end(connection, claim, "COMPLETED", {"result": msgspec.json.encode(result).decode(), **counts})
            tell(connection, claim.job_id, "async_job.completed", progress_body(count, count, "completed"))
            if also is not None:
                also(connection)

    def fail(self, claim: Claim, reason: str) -> None:
        """End the job with the sentence that says why. Raises LeaseLost."""
        with self._database.writing() as connection:
            self._end(connection, claim, "FAILED", {"error": reason})
            tell(connection, claim.job_id, "error", {"message": reason})

    def hand_back(self, claim: Claim) -> None:
        """Let the job wait for another worker, as if this one had not begun. Raises LeaseLost."""
        given = {"status": "PENDING", "lease_until": None, "worker": None, "attempts": job.c.attempts - 1}
        with self._database.writing() as connection:
            self._write(connection, claim, given)

    def reap(self) -> int:
        """Fail jobs whose workers vanished too often; say how many."""
        now = self._database.now
        lost = and_(job.c.status == "PROCESSING", job.c.lease_until < now, job.c.attempts >= self._attempts)
        with self._database.reading() as connection:
            if connection.execute(select(job.c.id).where(lost).limit(1)).first() is None:
                return 0
        reason = f"The job was given up after {self._attempts} workers had vanished while they worked on it."
        with self._database.writing() as connection:
            ids = connection.execute(select(job.c.id).where(lost).with_for_update(skip_locked=True)).scalars().all()
            for job_id in ids:
                values = {"status": "FAILED", "error": reason, "finished": now, "progress_updated": now}
                fenced = {**values, "fence": job.c.fence + 1}
                connection.execute(update(job).where(job.c.id == job_id).values(fenced))
                tell(connection, job_id, "error", {"message": reason})
        return len(ids)

    def _end(self, connection: Connection, claim: Claim, status: str, values: Mapping[str, Any]) -> None:
        now: ColumnElement[float] = self._database.now
        self._write(connection, claim, {**values, "status": status, "finished": now, "progress_updated": now})

    def _write(self, connection: Connection, claim: Claim, values: Mapping[str, Any]) -> None:
        ours = and_(job.c.id == claim.job_id, job.c.fence == claim.fence, job.c.status == "PROCESSING")
        if connection.execute(update(job).where(ours).values(values)).rowcount != 1:
            raise LeaseLost(claim.job_id)


def progress_body(processed: int, total: int, status: str) -> dict[str, Any]:
    """Give the body of an event of progress (wire contract, section 11)."""
    percent = 100.0 if processed >= total else round(100.0 * processed / total, 1)
    return {"processed_count": processed, "total_count": total, "percent": percent, "status": status}


def tell(connection: Connection, job_id: str, name: str, body: Mapping[str, Any]) -> None:
    """Store an event for those who follow the job."""
    text = msgspec.json.encode(body).decode()
    connection.execute(insert(job_event).values(job_id=job_id, name=name, body=text))
