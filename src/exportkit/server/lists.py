"""The lists of v1 and v2, and what pages them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exportkit.server.answers import JSON, enveloped_rows
from exportkit.server.callers import CallerOf, backend_of
from exportkit.server.description import list_parameters
from exportkit.server.filters import RowFilter
from exportkit.server.paging import ListRequest, origin_of, url_with
from exportkit.server.principals import Principal
from exportkit.server.refusals import Refusal
from exportkit.server.row_queries import RowQuery
from exportkit.server.rows import COLUMNS, RowForm, document_of, head_v1, slim_v2
from exportkit.server.shapes import AssignmentListRow, EnvelopedRows, EventListRow, TaskListRow, V1Page, documented
from exportkit.server.targets import TARGETS, Target

__all__ = ["router"]

router: Final = APIRouter()
_PAGED_V1: Final = ("page", "page_size", "pagination", "cursor", "ordering", "expand", "fields", "response_mode")
_ROWS: Final[Mapping[str, Any]] = {
    "task": EnvelopedRows[TaskListRow],
    "assignment": EnvelopedRows[AssignmentListRow],
    "ground_truth": EnvelopedRows[EventListRow],
}


def _add_lists(target: Target) -> None:
    """Give a target its list in both families."""

    def list_v1(request: Request, caller: CallerOf) -> Response:
        return _answer_v1(target, request, caller)

    def list_v2(request: Request, caller: CallerOf) -> Response:
        return _answer_v2(target, request, caller)

    router.add_api_route(
        target.v1_path,
        list_v1,
        name=f"list_{target.name}_v1",
        methods=["GET"],
        responses=documented(V1Page, family="v1"),
        openapi_extra=list_parameters(target, paged=_PAGED_V1),
    )
    router.add_api_route(
        f"/v2/{target.segment}/",
        list_v2,
        name=f"list_{target.name}_v2",
        methods=["GET"],
        responses=documented(_ROWS[target.name]),
        openapi_extra=list_parameters(target, paged=("per_page", "sort", "cursor")),
    )


class _Page:
    """One page of a list, by number or by cursor."""

    def __init__(self, target: Target, request: Request, caller: Principal, wanted: ListRequest, form: RowForm) -> None:
        self.backend = backend_of(request)
        self.filter = RowFilter.of_query(target, wanted.filters)
        query = RowQuery(caller.tenant_id, self.filter)
        order = "desc" if wanted.descending else "asc"
        purpose = ("cursor", str(caller.tenant_id), target.name, order, self.filter.digest)
        with self.backend.database.reading() as connection:
            if wanted.page is not None:
                self.count = query.count(connection)
                found = query.page(connection, wanted.size, wanted.page, descending=wanted.descending, form=form)
                if not found and wanted.page > 1:
                    raise Refusal(404, "There is no such page; the list ends before it.")
            else:
                last, count = self._position(wanted.cursor, purpose)
                # Counted once, for the first page; later pages carry the number, so that they all cost the same.
                self.count = query.count(connection) if count is None else count
                found = query.behind(connection, wanted.size + 1, last, descending=wanted.descending, form=form)
        self.rows: Sequence[Any] = found[: wanted.size]
        self.next: str | None = None
        if len(found) <= wanted.size:
            return
        if wanted.page is not None:
            self.next = url_with(request, page=wanted.page + 1)
        else:
            key = self.rows[-1][COLUMNS[form][target.name].index(target.key)]
            self.next = url_with(request, cursor=self.backend.signer.sealed(f"{key}/{self.count}", *purpose))

    def _position(self, cursor: str | None, purpose: tuple[str, ...]) -> tuple[int | None, int | None]:
        if cursor is None:
            return None, None
        content = self.backend.signer.opened(cursor, *purpose)
        if content is None:
            raise Refusal(400, "The cursor is not of this list and filter; begin again without it.", field="cursor")
        last, _, count = content.partition("/")
        return int(last), int(count)

    @property
    def echo(self) -> dict[str, Any]:
        return {"applied_filter": self.filter.applied, "applied_count": self.count}


def _answer_v1(target: Target, request: Request, caller: Principal) -> Response:
    wanted = ListRequest.read(target, request, by_cursor=False)
    form: RowForm = "keys" if wanted.fields == {"id"} else "full" if wanted.full else "slim"
    page = _Page(target, request, caller, wanted, form)
    if form == "keys":
        rows = [b'{"id":%d}' % row[0] for row in page.rows]
    elif form == "full":
        writer = page.backend.row_writer(target, caller, origin_of(request), wanted.mode)
        rows = [writer.full_v1(target, head_v1(target, row), document_of(row)) for row in page.rows]
    else:
        rows = [msgspec.json.encode(_slim_v1(target, row)) for row in page.rows]
    if wanted.fields and form != "keys":
        rows = [_with_fields(row, wanted.fields) for row in rows]
    facts: dict[str, Any] = {"next": page.next, "previous": None, **page.echo}
    if wanted.page is not None:
        facts = {"count": page.count, **facts}
        if wanted.page > 1:
            facts["previous"] = url_with(request, page=wanted.page - 1)
    head = msgspec.json.encode(facts)
    return Response(b"".join((head[:-1], b',"results":[', b",".join(rows), b"]}")), media_type=JSON)


def _slim_v1(target: Target, row: Sequence[Any]) -> dict[str, Any]:
    members = slim_v2(target, row)
    if "project_id" in members:
        members["project"] = members.pop("project_id")
    return members


def _with_fields(row: bytes, fields: frozenset[str]) -> bytes:
    members = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: value for name, value in members.items() if name in fields})


def _answer_v2(target: Target, request: Request, caller: Principal) -> Response:
    wanted = ListRequest.read(target, request, by_cursor=True)
    page = _Page(target, request, caller, wanted, "slim")
    rows = [msgspec.json.encode(slim_v2(target, row)) for row in page.rows]
    pagination = {"next_cursor": page.next, "previous_cursor": None, "per_page": wanted.size}
    return enveloped_rows(rows, {"pagination": pagination, **page.echo})


for _target in TARGETS.values():
    _add_lists(_target)
