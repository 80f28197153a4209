"""Jobs as their owners see them: enqueued once, looked at, listed, cancelled."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from exportkit.server.backend import Backend
from exportkit.server.export_request import ExportOrder, ExportRequest
from exportkit.server.filter_values import iso_moment
from exportkit.server.filters import RowFilter
from exportkit.server.job_queue import ENDED, progress_body, tell
from exportkit.server.principals import Principal
from exportkit.server.refusals import Refusal, missing
from exportkit.server.row_queries import RowQuery
from exportkit.server.snapshots import snapshot_of
from exportkit.server.tables import export, idempotency_key, job

__all__ = ["EXPORT", "RELEASE", "cancel_job", "new_job", "owned_job", "place_order", "shown_job"]

EXPORT: Final = "plugin_export"
#: Jobs that write bundles of released versions.
RELEASE: Final = "ground_truth_release"
#: Answers are kept for their keys at least so long, in seconds.
_KEY_SECONDS: Final = 48 * 3600


def place_order(
    backend: Backend,
    caller: Principal,
    request: ExportRequest,
    found: RowFilter,
    order: ExportOrder,
    key: str | None,
    body: object,
) -> dict[str, Any]:
    """Put a job into the queue, or give the answer that its idempotency key has had.

    A released dataset version has its bundle already, and the job is completed at once.

    Raises Refusal 422 for a key that came with another request, 429 where the account has too many open jobs.
    """
    digest = hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()
    with backend.database.reading() as connection:
        answered = _answered(connection, caller, key, digest)
        if answered is not None:
            return answered
        snapshot = snapshot_of(backend, connection, caller.tenant_id, order)
        count = snapshot["count"] if snapshot else RowQuery(caller.tenant_id, found).count(connection)
    answer = _answer(request, order, str(uuid.uuid4()), count, snapshot is not None)
    try:
        with backend.database.writing() as connection:
            answered = _answered(connection, caller, key, digest)
            if answered is not None:
                return answered
            _limit_jobs(connection, backend, caller)
            row = {**new_job(backend, caller, answer["job_id"], EXPORT, order), "ray_job_id": request.ray_job_id}
            _store_job(connection, backend, row, snapshot)
            if key is not None:
                _store_key(connection, backend, caller, key, digest, answer)
    except IntegrityError:
        # Another request with this key was first by a moment; its answer is everybody's.
        with backend.database.reading() as connection:
            answered = _answered(connection, caller, key, digest)
        if answered is None:
            raise
        return answered
    backend.wake()
    return answer


def _answer(request: ExportRequest, order: ExportOrder, job_id: str, count: int, is_snapshot: bool) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "status": "completed" if is_snapshot else "pending",
        "total_count": count,
        "message": "released" if is_snapshot else "queued",
        "ray_job_id": request.ray_job_id,
        "targets": list(request.targets),
        "applied_filter": order.applied_filter,
        "applied_count": count,
        **({"snapshot": True} if is_snapshot else {}),
    }


def _answered(connection: Connection, caller: Principal, key: str | None, digest: str) -> dict[str, Any] | None:
    if key is None:
        return None
    wanted = and_(idempotency_key.c.tenant_id == caller.tenant_id, idempotency_key.c.key == key)
    found = connection.execute(select(idempotency_key).where(wanted)).first()
    if found is None:
        return None
    if found.request_digest != digest or found.account_id != caller.account_id:
        raise Refusal(422, "This Idempotency-Key came with another request before; take a new one.")
    answer: dict[str, Any] = json.loads(found.answer)
    return answer


def _limit_jobs(connection: Connection, backend: Backend, caller: Principal) -> None:
    open_jobs = select(func.count()).select_from(job).where(_owned(caller), job.c.status.not_in(ENDED))
    if connection.execute(open_jobs).scalar_one() >= backend.settings.jobs_per_account:
        raise Refusal(429, "Too many jobs wait or run for this account; wait until some have ended.")


def new_job(backend: Backend, caller: Principal, job_id: str, kind: str, order: ExportOrder) -> dict[str, Any]:
    """Give the row of a job that waits."""
    now = backend.database.now
    return {
        "id": job_id,
        "tenant_id": caller.tenant_id,
        "account_id": caller.account_id,
        "type": kind,
        "status": "PENDING",
        "request": msgspec.json.encode(order).decode(),
        "created": now,
        "progress_updated": now,
        "processed_count": 0,
        "attempts": 0,
        "fence": 0,
    }


def _store_job(connection: Connection, backend: Backend, row: dict[str, Any], snapshot: dict[str, Any] | None) -> None:
    """Store a job and its place in the history; one that has a snapshot is completed from the start."""
    listed = {"tenant_id": row["tenant_id"], "account_id": row["account_id"], "job_id": row["id"]}
    if snapshot is None:
        connection.execute(insert(job).values(row))
        connection.execute(insert(export).values(listed))
        return
    now, count = backend.database.now, snapshot["count"]
    ended = {"status": "COMPLETED", "started": now, "finished": now, "result": json.dumps(snapshot)}
    connection.execute(insert(job).values({**row, **ended, "processed_count": count, "total_count": count}))
    connection.execute(insert(export).values(listed))
    tell(connection, row["id"], "async_job.completed", progress_body(count, count, "completed"))


def _store_key(
    connection: Connection, backend: Backend, caller: Principal, key: str, digest: str, answer: Mapping[str, Any]
) -> None:
    now = backend.database.now
    connection.execute(delete(idempotency_key).where(idempotency_key.c.created < now - _KEY_SECONDS))
    values = {"tenant_id": caller.tenant_id, "account_id": caller.account_id, "key": key, "created": now}
    stored = {"request_digest": digest, "job_id": answer["job_id"], "answer": json.dumps(answer)}
    connection.execute(insert(idempotency_key).values({**values, **stored}))


def _owned(caller: Principal) -> Any:
    return and_(job.c.tenant_id == caller.tenant_id, job.c.account_id == caller.account_id)


def owned_job(connection: Connection, caller: Principal, job_id: str) -> Row[Any]:
    """Give a job of the caller. Raises Refusal 404."""
    found = connection.execute(select(job).where(_owned(caller), job.c.id == job_id)).first()
    if found is None:
        raise missing("job")
    return found


def cancel_job(backend: Backend, caller: Principal, job_id: str) -> Row[Any]:
    """End a job, whoever works on it; one that is cancelled already stays so. Raises Refusal 404 and 409."""
    now = backend.database.now
    with backend.database.writing() as connection:
        found = owned_job(connection, caller, job_id)
        if found.status in {"COMPLETED", "FAILED"}:
            raise Refusal(409, f"The job is {found.status.lower()} already; there is nothing to cancel.")
        if found.status != "CANCELLED":
            values = {"status": "CANCELLED", "finished": now, "progress_updated": now, "fence": job.c.fence + 1}
            open_still = and_(job.c.id == job_id, job.c.status.not_in(ENDED))
            if connection.execute(update(job).where(open_still).values(values)).rowcount:
                tell(connection, job_id, "error", {"message": "The job was cancelled."})
            found = owned_job(connection, caller, job_id)
            if found.status != "CANCELLED":
                raise Refusal(409, f"The job is {found.status.lower()} already; there is nothing to cancel.")
    backend.news.tell(job_id)
    return found


def shown_job(found: Row[Any]) -> dict[str, Any]:
    """Give a job as clients know it (wire contract, section 10)."""
    total, processed = found.total_count, found.processed_count
    elapsed = None if found.started is None else round((found.finished or found.progress_updated) - found.started, 3)
    rest = None
    if elapsed is not None and total and processed:
        rest = round(elapsed * (total - processed) / processed, 3)
    percent = 100.0 if found.status == "COMPLETED" else round(100.0 * processed / total, 1) if total else 0.0
    order = json.loads(found.request)
    data = json.loads(found.result) if found.result else {"applied_filter": order["applied_filter"]}
    if found.error:
        data["error"] = found.error
    progress = {"total_count": total, "processed_count": processed, "percent": percent}
    return {
        "id": found.id,
        "status": found.status,
        "category": EXPORT,
        "type": found.type,
        "queue": "io_bound",
        "triggered_by": "user",
        "progress": {**progress, "time_elapsed": elapsed, "time_remaining": rest},
        "progress_updated": _moment(found.progress_updated),
        "data": data,
        "file": None,
        "ray_job_id": found.ray_job_id,
        "error": found.error,
        "created": _moment(found.created),
        "started": _moment(found.started),
        "finished": _moment(found.finished),
        "succeeded": _moment(found.finished) if found.status == "COMPLETED" else None,
        "failed": _moment(found.finished) if found.status == "FAILED" else None,
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else iso_moment(datetime.fromtimestamp(seconds, UTC))
