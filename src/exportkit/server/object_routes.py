"""Payloads and originals behind signed URLs: no token, ranges honoured, nothing a browser would run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from exportkit.server.answers import JSON
from exportkit.server.callers import backend_of
from exportkit.server.projects import RowId
from exportkit.server.ranges import ranged
from exportkit.server.refusals import missing
from exportkit.server.shapes import streamed
from exportkit.server.signed_urls import original_key, verify_signed_path
from exportkit.server.tables import document
from exportkit.storage.objects import ObjectMissing

__all__ = ["router"]

router: Final = APIRouter()
_METHODS: Final = ["GET", "HEAD"]
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **streamed("v1"),
    206: {"description": "the range that was asked for"},
    304: {"description": "still the same"},
    416: {"description": "the range lies behind the end"},
}
_OCTETS: Final = "application/octet-stream"
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


def _verify(request: Request) -> None:
    given = request.query_params
    verify_signed_path(backend_of(request).signer, request.url.path, given.get("expires"), given.get("signature"))


@router.api_route("/payloads/{tenant_id}/{document_id}/", methods=_METHODS, responses=_ANSWERS)
def get_payload(tenant_id: RowId, document_id: RowId, request: Request) -> Response:
    _verify(request)
    columns = (document.c.data, document.c.data_digest)
    wanted = (document.c.id == document_id, document.c.tenant_id == tenant_id, document.c.data.is_not(None))
    with backend_of(request).database.reading() as connection:
        found = connection.execute(select(*columns).where(*wanted)).first()
    if found is None:
        raise missing("payload")
    content: bytes = found.data
    return ranged(request, len(content), found.data_digest, lambda start, end: iter((content[start:end],)), JSON)


@router.api_route("/files/{tenant_id}/{digest}/", methods=_METHODS, responses=_ANSWERS, response_class=Response)
def get_file(tenant_id: RowId, digest: Digest, request: Request) -> Response:
    _verify(request)
    objects, key = backend_of(request).objects, original_key(tenant_id, digest)
    size = objects.size(key)
    if size is None:
        raise missing("file")

    def pieces(start: int, end: int) -> Iterator[bytes]:
        try:
            return objects.read(key, start, end)
        except ObjectMissing as error:
            raise missing("file") from error

    return ranged(request, size, digest, pieces, _OCTETS)
