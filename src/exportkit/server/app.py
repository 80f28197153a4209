"""The application: routes, what guards them, and how every error is answered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from exportkit.errors import LocalIOError, RemoteIOError
from exportkit.server import (
    bulk,
    health,
    history,
    job_logs,
    job_routes,
    lists,
    object_routes,
    projects,
    releases,
    storages,
    streams,
)
from exportkit.server.backend import Backend
from exportkit.server.chaos import Chaos
from exportkit.server.chaos_rules import ChaosPlan
from exportkit.server.description import describe
from exportkit.server.guards import Guards
from exportkit.server.refusals import Refusal, refusal_response

__all__ = ["create_app"]

_LOG: Final = logging.getLogger(__name__)
_PLACES: Final = frozenset({"body", "query", "path", "header"})


def create_app(backend: Backend, hosts: Sequence[str], chaos: ChaosPlan | None = None) -> FastAPI:
    """Make the application of one server. `hosts` are the names it may be called by, `chaos` its faults."""
    app = FastAPI(title="exportkit reference backend", version="1.0", docs_url=None, redoc_url=None)
    app.state.backend = backend
    for routes in (
        streams,
        lists,
        bulk,
        projects,
        releases,
        storages,
        job_routes,
        history,
        job_logs,
        object_routes,
        health,
    ):
        app.include_router(routes.router)
    describe(app)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _refused_by_routing)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(OperationalError, _unavailable)
    app.add_exception_handler(InterfaceError, _unavailable)
    app.add_exception_handler(PoolTimeout, _unavailable)
    app.add_exception_handler(LocalIOError, _unavailable)
    app.add_exception_handler(RemoteIOError, _unavailable)
    app.add_exception_handler(Exception, _failed)
    if chaos is not None:
        app.add_middleware(Chaos, plan=chaos)
    app.add_middleware(Guards, hosts=tuple(hosts), most_bytes=backend.settings.request_max_bytes)
    return app


def _refused(request: Request, error: Any) -> Response:
    return refusal_response(request, error)


def _refused_by_routing(request: Request, error: Any) -> Response:
    texts = {404: "There is nothing at this path.", 405: "This path does not take that method."}
    return refusal_response(
        request, Refusal(error.status_code, texts.get(error.status_code, error.detail)), error.headers
    )


def _invalid(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part not in _PLACES) or "request"
    return refusal_response(request, Refusal(400, f"{field}: {first['msg']}.", field=field))


def _unstorable(request: Request, error: Any) -> Response:
    """Tell of a text that the database cannot hold, which on PostgreSQL is one with a NUL."""
    _LOG.info("%s %s: %s", request.method, request.url.path, type(error).__name__)
    return refusal_response(request, Refusal(400, "The request holds text that cannot be stored; remove its NUL."))


def _unavailable(request: Request, error: Exception) -> Response:
    _LOG.warning("%s %s: %s", request.method, request.url.path, type(error).__name__)
    return refusal_response(request, Refusal(503, "The database or the storage does not answer; try again later."))


def _failed(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s: %s", request.method, request.url.path, type(error).__name__)
    return refusal_response(request, Refusal(500, "The server failed at this request; its log tells more."))
