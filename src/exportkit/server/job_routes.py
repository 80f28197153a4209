"""Routes of delegated exports: enqueue, look, list, follow, cancel."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Query
from sqlalchemy import func, or_, select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from exportkit.server.answers import enveloped
from exportkit.server.backend import Backend
from exportkit.server.callers import CallerOf, backend_of
from exportkit.server.description import json_body
from exportkit.server.export_request import ExportOrder, ExportRequest
from exportkit.server.filters import RowFilter
from exportkit.server.jobs import cancel_job, owned_job, place_order, shown_job
from exportkit.server.paging import origin_of, url_with
from exportkit.server.principals import Principal
from exportkit.server.progress_stream import ProgressStream
from exportkit.server.projects import of_tenant
from exportkit.server.refusals import Refusal
from exportkit.server.requests import BodyOf, validated
from exportkit.server.shapes import Enveloped, Job, JobPage, Order, documented, streamed
from exportkit.server.tables import ground_truth_dataset_version, job, project, storage
from exportkit.server.targets import GROUND_TRUTH

__all__ = ["router"]

router: Final = APIRouter()
JobId = Annotated[str, Path(min_length=1, max_length=64)]


@router.post(
    "/v2/plugin_exports/",
    status_code=202,
    responses=documented(Enveloped[Order], status=202),
    openapi_extra=json_body(ExportRequest),
)
def enqueue(
    request: Request,
    caller: CallerOf,
    body: BodyOf,
    dry_run: bool = False,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> Response:
    wanted = validated(ExportRequest, body)
    backend = backend_of(request)
    found = wanted.row_filter()
    _verify_scope(backend, caller, wanted, found)
    order = ExportOrder.of(wanted, found, origin_of(request))
    if dry_run:
        targets = list(wanted.targets)
        answer: dict[str, Any] = {"job_id": "", "status": "valid", "total_count": None, "message": "valid"}
        return enveloped({**answer, "targets": targets, "applied_filter": order.applied_filter}, 202)
    return enveloped(place_order(backend, caller, wanted, found, order, idempotency_key, body), 202)


def _verify_scope(backend: Backend, caller: Principal, wanted: ExportRequest, found: RowFilter) -> None:
    """Raise Refusal 400 for a storage, project or version that the tenant does not have."""
    asked = found.applied
    with backend.database.reading() as connection:
        if of_tenant(connection, storage, caller.tenant_id, wanted.storage_id) is None:
            raise Refusal(400, f"There is no storage {wanted.storage_id}.", field="storage_id")
        if wanted.project_id and of_tenant(connection, project, caller.tenant_id, wanted.project_id) is None:
            raise Refusal(400, f"There is no project {wanted.project_id}.", field="project_id")
        is_version = wanted.target == GROUND_TRUTH.name
        name, table = (
            ("ground_truth_dataset_versions", ground_truth_dataset_version) if is_version else ("project", project)
        )
        given = asked[name] if isinstance(asked[name], list) else [asked[name]]
        for one in given:
            if of_tenant(connection, table, caller.tenant_id, int(one)) is None:
                raise Refusal(400, f"There is no {name.removesuffix('s')} {int(one)}.", field=f"filter.{name}")


@router.get("/v2/async_jobs/", responses=documented(Enveloped[JobPage]))
def list_jobs(
    request: Request,
    caller: CallerOf,
    page: Annotated[int, Query(ge=1, le=10**9)] = 1,
    page_size: Annotated[int, Query(ge=1)] = 20,
    search: str | None = None,
    triggered_by: str | None = None,
    ordering: str = "-created",
    ids: str | None = None,
    ids_ex: str | None = None,
) -> Response:
    size = min(page_size, 1000)
    where = [job.c.tenant_id == caller.tenant_id, job.c.account_id == caller.account_id]
    if ids:
        where.append(job.c.id.in_(ids.split(",")))
    if ids_ex:
        where.append(job.c.id.not_in(ids_ex.split(",")))
    if search:
        where.append(or_(job.c.id.contains(search, autoescape=True), job.c.type.contains(search, autoescape=True)))
    if triggered_by not in {None, "", "user"}:
        where.append(job.c.id.is_(None))
    if ordering.removeprefix("-") != "created":
        raise Refusal(400, "ordering takes created or -created.", field="ordering")
    order = (job.c.created.desc(), job.c.id) if ordering.startswith("-") else (job.c.created, job.c.id)
    with backend_of(request).database.reading() as connection:
        count = connection.execute(select(func.count()).select_from(job).where(*where)).scalar_one()
        statement = select(job).where(*where).order_by(*order).limit(size).offset((page - 1) * size)
        results = [shown_job(found) for found in connection.execute(statement)]
    following = url_with(request, page=page + 1) if page * size < count else None
    previous = url_with(request, page=page - 1) if page > 1 else None
    return enveloped({"count": count, "next": following, "previous": previous, "results": results})


@router.get("/v2/async_jobs/{job_id}/", responses=documented(Enveloped[Job]))
def get_job(job_id: JobId, request: Request, caller: CallerOf) -> Response:
    with backend_of(request).database.reading() as connection:
        return enveloped(shown_job(owned_job(connection, caller, job_id)))


@router.post("/v2/async_jobs/{job_id}/cancel/", responses=documented(Enveloped[Job]))
def cancel(job_id: JobId, request: Request, caller: CallerOf) -> Response:
    return enveloped(shown_job(cancel_job(backend_of(request), caller, job_id)))


# The status is named for the description of the server, which cannot read it from this class.
@router.get("/v2/async_jobs/{job_id}/progress/", status_code=200, response_class=ProgressStream, responses=streamed())
def follow_job(
    job_id: JobId, request: Request, caller: CallerOf, last_event_id: Annotated[str | None, Header()] = None
) -> StreamingResponse:
    backend = backend_of(request)
    with backend.database.reading() as connection:
        owned_job(connection, caller, job_id)
    return ProgressStream(backend, caller, job_id, last_event_id)
