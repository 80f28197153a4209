"""Storages, and the sessions by which exporters get at them (wire contract, section 15)."""

from __future__ import annotations

import os
from typing import Any, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from exportkit.server.answers import plain
from exportkit.server.backend import Backend
from exportkit.server.callers import CallerOf, backend_of
from exportkit.server.description import json_body
from exportkit.server.principals import Principal
from exportkit.server.projects import RowId, of_tenant
from exportkit.server.refusals import missing
from exportkit.server.requests import BodyOf, validated
from exportkit.server.shapes import Session, StorageShown, documented
from exportkit.server.tables import storage
from exportkit.storage.objects import S3Location

__all__ = ["router", "session_of"]

router: Final = APIRouter()
_CONTRACT: Final = 1


class SessionRequest(BaseModel):
    """What a session is for."""

    model_config = ConfigDict(extra="forbid")

    purpose: Literal["read", "write"] = "read"


def session_of(provider: str, place: str) -> dict[str, Any]:
    """Give what opens a storage: provider and configuration. Keys of S3 are those of the server's own environment."""
    if provider != "s3":
        return {"provider": provider, "configuration": {"location": place}}
    found = S3Location.from_url(place)
    configuration = {
        "bucket": found.bucket,
        "prefix": found.prefix,
        "endpoint": found.endpoint or os.environ.get("AWS_ENDPOINT_URL"),
        "region": found.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        "access_key": os.environ.get("AWS_ACCESS_KEY_ID"),
        "secret_key": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "session_token": os.environ.get("AWS_SESSION_TOKEN"),
    }
    return {"provider": "s3", "configuration": {key: value for key, value in configuration.items() if value}}


@router.post(
    "/storages/{storage_id}/session/",
    responses=documented(Session, family="v1"),
    openapi_extra=json_body(SessionRequest, required=False),
)
def open_session(storage_id: RowId, request: Request, caller: CallerOf, body: BodyOf) -> Response:
    validated(SessionRequest, body)
    found = _storage(backend_of(request), caller, storage_id)
    return plain({**session_of(found.provider, found.place), "expires_at": None, "contract_version": _CONTRACT})


@router.get("/storages/{storage_id}/", responses=documented(StorageShown, family="v1"))
def get_storage(storage_id: RowId, request: Request, caller: CallerOf, with_configuration: bool = False) -> Response:
    found = _storage(backend_of(request), caller, storage_id)
    shown = {"id": found.id, "name": found.name, "category": "internal", "provider": found.provider}
    configuration = session_of(found.provider, found.place)["configuration"] if with_configuration else {}
    return plain({**shown, "configuration": configuration, "is_default": True})


def _storage(backend: Backend, caller: Principal, storage_id: int) -> Row[Any]:
    with backend.database.reading() as connection:
        found = of_tenant(connection, storage, caller.tenant_id, storage_id)
    if found is None:
        raise missing("storage")
    return found
