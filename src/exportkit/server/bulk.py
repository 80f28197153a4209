"""Bulk fetch: full rows by their ids, in the order of the request."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exportkit.clients.filter_keys import PAGING_KEYS
from exportkit.server.answers import enveloped_rows
from exportkit.server.callers import CallerOf, backend_of
from exportkit.server.description import list_parameters
from exportkit.server.filters import RowFilter
from exportkit.server.paging import mode_of, origin_of
from exportkit.server.principals import Principal
from exportkit.server.refusals import Refusal
from exportkit.server.requests import BodyOf
from exportkit.server.row_queries import RowQuery
from exportkit.server.rows import document_of, head_v2
from exportkit.server.shapes import BulkEvent, BulkRow, Enveloped, documented
from exportkit.server.tables import LARGEST_KEY, ground_truth_event
from exportkit.server.targets import ASSIGNMENT, GROUND_TRUTH, TASK, Target

__all__ = ["MOST_IDS", "router"]

router: Final = APIRouter()
#: Ids of one call (wire contract, section 6).
MOST_IDS: Final = 200
BulkRows = Enveloped[list[BulkRow]]
BulkEvents = Enveloped[list[BulkEvent]]


def _rows(target: Target, name: str, request: Request, caller: Principal, body: Any) -> Response:
    """Answer with the rows that there are; ids that are unknown or of other tenants are left out."""
    wanted = list(dict.fromkeys(_ids(name, body)))
    pairs = [pair for pair in request.query_params.multi_items() if pair[0] not in PAGING_KEYS]
    query = RowQuery(caller.tenant_id, RowFilter.of_query(target, pairs))
    backend = backend_of(request)
    column = ground_truth_event.c.pgh_id if name == "pgh_ids" else target.id
    with backend.database.reading() as connection:
        found = query.of_keys(connection, column, wanted) if wanted else {}
    writer = backend.row_writer(target, caller, origin_of(request), mode_of(request))
    present = (found[one] for one in wanted if one in found)
    return enveloped_rows([writer.full(head_v2(target, row), document_of(row)) for row in present])


def _ids(name: str, body: Any) -> list[int]:
    ids = body.get(name) if isinstance(body, dict) else None
    if not isinstance(ids, list):
        raise Refusal(400, f"The body lacks the list {name!r}.", field=name)
    if len(ids) > MOST_IDS:
        message = f"{len(ids)} ids were asked for at once; ask for at most {MOST_IDS}."
        raise Refusal(400, message, field=name, code="ids_limit_exceeded")
    if not all(type(one) is int and abs(one) <= LARGEST_KEY for one in ids):
        raise Refusal(400, f"{name} takes whole numbers of at most 64 bits.", field=name, code="invalid_ids")
    return ids


def _described(target: Target, name: str) -> dict[str, Any]:
    number = {"type": "integer", "minimum": -LARGEST_KEY, "maximum": LARGEST_KEY}
    ids = {"type": "array", "items": number, "maxItems": MOST_IDS}
    schema = {"type": "object", "properties": {name: ids}, "required": [name]}
    body = {"content": {"application/json": {"schema": schema}}, "required": True}
    return {**list_parameters(target, paged=["response_mode"]), "requestBody": body}


@router.post("/v2/tasks/bulk-fetch/", responses=documented(BulkRows), openapi_extra=_described(TASK, "ids"))
def fetch_tasks(request: Request, caller: CallerOf, body: BodyOf) -> Response:
    return _rows(TASK, "ids", request, caller, body)


@router.post("/v2/assignments/bulk-fetch/", responses=documented(BulkRows), openapi_extra=_described(ASSIGNMENT, "ids"))
def fetch_assignments(request: Request, caller: CallerOf, body: BodyOf) -> Response:
    return _rows(ASSIGNMENT, "ids", request, caller, body)


@router.post(
    "/v2/ground-truth-events/bulk-data/",
    responses=documented(BulkEvents),
    openapi_extra=_described(GROUND_TRUTH, "pgh_ids"),
)
def fetch_ground_truth_events(request: Request, caller: CallerOf, body: BodyOf) -> Response:
    return _rows(GROUND_TRUTH, "pgh_ids", request, caller, body)


@router.post(
    "/v2/ground-truths/bulk-data/", responses=documented(BulkEvents), openapi_extra=_described(GROUND_TRUTH, "ids")
)
def fetch_ground_truths(request: Request, caller: CallerOf, body: BodyOf) -> Response:
    """Rows of ground truth by their own ids, in the shape of records rather than of events."""
    return _rows(GROUND_TRUTH, "ids", request, caller, body)
