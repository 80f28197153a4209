"""Releasing a dataset version: it never changes again, and its bundle is written once for all later exports."""

from __future__ import annotations

import time
import uuid
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictInt
from sqlalchemy import Connection, Row, insert, select, update
from starlette.requests import Request
from starlette.responses import Response

from exportkit.server.answers import enveloped
from exportkit.server.backend import Backend
from exportkit.server.callers import CallerOf, backend_of
from exportkit.server.description import json_body
from exportkit.server.export_request import ExportOrder
from exportkit.server.job_queue import ENDED
from exportkit.server.jobs import RELEASE, new_job
from exportkit.server.paging import origin_of
from exportkit.server.principals import Principal
from exportkit.server.projects import RowId, of_tenant
from exportkit.server.refusals import Refusal, missing
from exportkit.server.requests import BodyOf, validated
from exportkit.server.shapes import Enveloped, Released, documented
from exportkit.server.tables import LARGEST_KEY, ground_truth_dataset_version, job, storage
from exportkit.server.targets import GROUND_TRUTH

__all__ = ["router"]

router: Final = APIRouter()
_KEY: Final = "ground_truth_dataset_versions"
#: A request waits so long for the bundle; a longer one is followed like any job.
_WAIT_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.1


class ReleaseRequest(BaseModel):
    """Where the bundle of a version is to lie; by default in the first storage of the tenant."""

    model_config = ConfigDict(extra="forbid")

    storage_id: StrictInt | None = Field(default=None, ge=1, le=LARGEST_KEY)


@router.post(
    "/v2/ground-truth-dataset-versions/{version_id}/release/",
    responses={**documented(Enveloped[Released]), 202: {"model": Enveloped[Released], "description": "being written"}},
    openapi_extra=json_body(ReleaseRequest, required=False),
)
def release(version_id: RowId, request: Request, caller: CallerOf, body: BodyOf) -> Response:
    """Release a version; one that is released already stays as it is. 200 once its bundle is there, else 202."""
    wanted = validated(ReleaseRequest, body)
    backend = backend_of(request)
    job_id = _release(backend, caller, version_id, wanted.storage_id, origin_of(request))
    backend.wake()
    status = _await(backend, job_id)
    shown = {"id": version_id, "is_released": True, "job_id": job_id, "status": status.lower()}
    return enveloped(shown, 200 if status == "COMPLETED" else 202)


def _release(backend: Backend, caller: Principal, version_id: int, storage_id: int | None, origin: str) -> str:
    """Mark the version and put the job that writes its bundle into the queue; give the job."""
    version = ground_truth_dataset_version
    now = backend.database.now
    with backend.database.writing() as connection:
        found = of_tenant(connection, version, caller.tenant_id, version_id)
        if found is None:
            raise missing("dataset version")
        former = found.snapshot_job
        if former is not None and _job_status(connection, former) not in {"FAILED", "CANCELLED"}:
            return str(former)
        place = _storage(connection, caller, storage_id)
        order = ExportOrder(
            target=GROUND_TRUTH.name,
            storage_id=place.id,
            path=f"releases/version-{version_id}",
            filter={_KEY: [version_id]},
            applied_filter={_KEY: [version_id]},
            stages_originals=True,
            origin=origin,
            version_id=version_id,
        )
        job_id = str(uuid.uuid4())
        connection.execute(insert(job).values(new_job(backend, caller, job_id, RELEASE, order)))
        values = {"snapshot_job": job_id, "snapshot_storage": place.id, "snapshot_manifest": None}
        released = found.released if found.released is not None else now
        connection.execute(update(version).where(version.c.id == version_id).values(**values, released=released))
    return job_id


def _storage(connection: Connection, caller: Principal, storage_id: int | None) -> Row[Any]:
    mine = select(storage).where(storage.c.tenant_id == caller.tenant_id).order_by(storage.c.id)
    if storage_id is not None:
        mine = mine.where(storage.c.id == storage_id)
    found = connection.execute(mine.limit(1)).first()
    if found is None:
        raise Refusal(400, "There is no such storage.", field="storage_id")
    return found


def _job_status(connection: Connection, job_id: str) -> str:
    return str(connection.execute(select(job.c.status).where(job.c.id == job_id)).scalar_one())


def _await(backend: Backend, job_id: str) -> str:
    """Give the state of a job, once it has ended or patience has."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        with backend.database.reading() as connection:
            status = _job_status(connection, job_id)
        if status in ENDED or time.monotonic() > until or backend.ending.wait(_LOOK_SECONDS):
            return status
