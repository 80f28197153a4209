"""Projects, ground-truth datasets and their versions."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from sqlalchemy import Connection, Row, Table, select
from starlette.requests import Request
from starlette.responses import Response

from exportkit.server.answers import enveloped, plain
from exportkit.server.callers import CallerOf, backend_of
from exportkit.server.refusals import missing
from exportkit.server.shapes import Dataset, Enveloped, Project, Version, documented
from exportkit.server.tables import LARGEST_KEY, ground_truth_dataset, ground_truth_dataset_version, project

__all__ = ["RowId", "of_tenant", "router"]

router: Final = APIRouter()
RowId = Annotated[int, Path(ge=1, le=LARGEST_KEY)]


def of_tenant(connection: Connection, table: Table, tenant_id: int, row_id: int) -> Row[Any] | None:
    """Give a row by its id, None where there is none in the tenant."""
    return connection.execute(select(table).where(table.c.tenant_id == tenant_id, table.c.id == row_id)).first()


@router.get("/projects/{project_id}/", responses=documented(Project, family="v1"))
def get_project(project_id: RowId, request: Request, caller: CallerOf) -> Response:
    with backend_of(request).database.reading() as connection:
        found = of_tenant(connection, project, caller.tenant_id, project_id)
    if found is None:
        raise missing("project")
    return plain({"id": found.id, "name": found.name, "configuration": json.loads(found.configuration)})


@router.get("/ground_truth_dataset_versions/{version_id}/", responses=documented(Version, family="v1"))
def get_version(version_id: RowId, request: Request, caller: CallerOf) -> Response:
    with backend_of(request).database.reading() as connection:
        found = of_tenant(connection, ground_truth_dataset_version, caller.tenant_id, version_id)
        if found is None:
            raise missing("dataset version")
        dataset = of_tenant(connection, ground_truth_dataset, caller.tenant_id, found.dataset_id)
    shown = {"id": found.dataset_id, "name": dataset and dataset.name, "project": dataset and dataset.project_id}
    return plain({"id": found.id, "ground_truth_dataset": shown, "is_released": found.released is not None})


@router.get("/v2/ground-truth-datasets/{dataset_id}/", responses=documented(Enveloped[Dataset]))
def get_dataset(dataset_id: RowId, request: Request, caller: CallerOf) -> Response:
    with backend_of(request).database.reading() as connection:
        found = of_tenant(connection, ground_truth_dataset, caller.tenant_id, dataset_id)
    if found is None:
        raise missing("ground-truth dataset")
    return enveloped({name: getattr(found, name) for name in ("id", "name", "tenant_id", "project_id", "description")})
