"""The exports of an account, newest first."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query
from sqlalchemy import Row, select
from starlette.requests import Request
from starlette.responses import Response

from exportkit.server.answers import enveloped, enveloped_rows
from exportkit.server.callers import CallerOf, backend_of
from exportkit.server.jobs import shown_job
from exportkit.server.paging import url_with
from exportkit.server.projects import RowId
from exportkit.server.refusals import Refusal, missing
from exportkit.server.shapes import Enveloped, EnvelopedPage, ExportDetail, ExportRow, documented
from exportkit.server.tables import export, job

__all__ = ["router"]

router: Final = APIRouter()
_FOUND: Final = select(export.c.id.label("export_id"), job).select_from(export.join(job, job.c.id == export.c.job_id))

#: States of a job in the words that existing clients read in the history.
_JOB_STATES: Final = {
    "PENDING": "PENDING",
    "PROCESSING": "RUNNING",
    "COMPLETED": "SUCCEEDED",
    "FAILED": "FAILED",
    "CANCELLED": "STOPPED",
}


@router.get("/v2/exports/", responses=documented(EnvelopedPage[ExportRow]))
def list_exports(
    request: Request, caller: CallerOf, cursor: str | None = None, per_page: Annotated[int, Query(ge=1)] = 20
) -> Response:
    size = min(per_page, 1000)
    backend = backend_of(request)
    purpose = ("exports", str(caller.tenant_id), str(caller.account_id))
    wanted = _FOUND.where(export.c.tenant_id == caller.tenant_id, export.c.account_id == caller.account_id)
    if cursor:
        last = backend.signer.opened(cursor, *purpose)
        if last is None:
            raise Refusal(400, "The cursor is not of this list; begin again without it.", field="cursor")
        wanted = wanted.where(export.c.id < int(last))
    with backend.database.reading() as connection:
        found = connection.execute(wanted.order_by(export.c.id.desc()).limit(size + 1)).all()
    rows = found[:size]
    following = None
    if len(found) > size:
        following = url_with(request, cursor=backend.signer.sealed(str(rows[-1].export_id), *purpose))
    pagination = {"next_cursor": following, "previous_cursor": None, "per_page": size}
    return enveloped_rows([msgspec.json.encode(_shown(row)) for row in rows], {"pagination": pagination})


@router.get("/v2/exports/{export_id}/", responses=documented(Enveloped[ExportDetail]))
def get_export(export_id: RowId, request: Request, caller: CallerOf) -> Response:
    mine = (export.c.tenant_id == caller.tenant_id, export.c.account_id == caller.account_id)
    with backend_of(request).database.reading() as connection:
        found = connection.execute(_FOUND.where(*mine, export.c.id == export_id)).first()
    if found is None:
        raise missing("export")
    return enveloped(_detailed(found))


def _shown(found: Row[Any]) -> dict[str, Any]:
    detail = shown_job(found)
    return {
        "id": found.export_id,
        "job_id": found.id,
        "job_status": detail["status"],
        "target": json.loads(found.request)["target"],
        "created": detail["created"],
    }


def _detailed(found: Row[Any]) -> dict[str, Any]:
    """Give what was ordered and what became of it, every member that the model of existing clients has."""
    order, detail = json.loads(found.request), shown_job(found)
    state = _JOB_STATES[detail["status"]]
    facts = {"action": "export", "created": detail["created"], "completed": detail["finished"]}
    return {
        **_shown(found),
        "storage": order["storage_id"],
        "path": order["path"],
        "name": order["path"].rpartition("/")[2],
        "description": "",
        "filter": order["applied_filter"],
        "extra_params": {},
        "save_original_file": order["stages_originals"],
        "job": {"id": found.id, "status": state, **facts},
    }
