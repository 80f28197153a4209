"""What running plugins tell: the state of their jobs, and their log (wire contract, section 14)."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, StrictStr
from sqlalchemy import and_, insert, select, update
from starlette.requests import Request
from starlette.responses import Response

from exportkit.server.answers import plain
from exportkit.server.callers import CallerOf, backend_of
from exportkit.server.description import json_body
from exportkit.server.refusals import Refusal
from exportkit.server.requests import BodyOf, validated
from exportkit.server.shapes import JobUpdated, LogsAdded, documented
from exportkit.server.tables import job_log, job_record

__all__ = ["router"]

router: Final = APIRouter()
#: Entries of one request.
_MOST_ENTRIES: Final = 1000


class JobUpdate(BaseModel):
    """The fields of a job that a plugin may set; any other is refused."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"] | None = None
    progress_record: Any = None
    metrics_record: Any = None
    console_logs: Any = None
    result: Any = None
    meta: Any = None


class LogEntry(BaseModel):
    """One entry of a log. What else it holds is stored as it came."""

    model_config = ConfigDict(extra="allow")

    event: StrictStr


_ENTRY: Final = LogEntry.model_json_schema()
_ENTRIES: Final = {"anyOf": [_ENTRY, {"type": "array", "items": _ENTRY, "maxItems": _MOST_ENTRIES}]}


@router.patch(
    "/jobs/{job_id}/", responses=documented(JobUpdated, family="v1"), openapi_extra=json_body(JobUpdate, required=False)
)
def update_job(
    job_id: Annotated[str, Path(min_length=1, max_length=200)], request: Request, caller: CallerOf, body: BodyOf
) -> Response:
    """Set the fields that are sent, and keep the others; a job that nobody knows yet begins to exist."""
    sent = validated(JobUpdate, body).model_dump(mode="json", exclude_unset=True)
    database = backend_of(request).database
    here = and_(job_record.c.tenant_id == caller.tenant_id, job_record.c.id == job_id)
    with database.writing() as connection:
        known = connection.execute(select(job_record.c.fields).where(here).with_for_update()).scalar()
        fields = {**json.loads(known or "{}"), **sent}
        values = {"fields": json.dumps(fields), "updated": database.now}
        if known is None:
            identity = {"tenant_id": caller.tenant_id, "id": job_id}
            connection.execute(insert(job_record).values(**identity, **values))
        else:
            connection.execute(update(job_record).where(here).values(**values))
    return plain({"id": job_id, "status": fields.get("status")})


@router.post(
    "/logs/",
    status_code=201,
    responses=documented(LogsAdded, status=201, family="v1"),
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": _ENTRIES}}, "required": True}},
)
def add_logs(request: Request, caller: CallerOf, body: BodyOf) -> Response:
    """Store one entry, or a list of them."""
    entries = body if isinstance(body, list) else [body]
    if len(entries) > _MOST_ENTRIES:
        raise Refusal(400, f"{len(entries)} entries came at once; send at most {_MOST_ENTRIES}.", field="body")
    rows = [_row(caller.tenant_id, validated(LogEntry, entry)) for entry in entries]
    if rows:
        with backend_of(request).database.writing() as connection:
            connection.execute(insert(job_log), rows)
    return plain({"count": len(rows)}, 201)


def _row(tenant_id: int, entry: LogEntry) -> dict[str, Any]:
    stored = entry.model_dump(mode="json")
    job = stored.get("job")
    return {"tenant_id": tenant_id, "job": None if job is None else str(job), "entry": json.dumps(stored)}
