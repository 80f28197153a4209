"""The caller of a request, and the server that answers it."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from exportkit.server.backend import Backend
from exportkit.server.principals import Principal, authenticate

__all__ = ["CallerOf", "backend_of"]


def backend_of(request: Request) -> Backend:
    """Give the server that answers a request."""
    return cast("Backend", request.app.state.backend)


def _caller(request: Request) -> Principal:
    return authenticate(backend_of(request).database, request.headers)


#: A parameter of this type is the caller, who has shown a token and its tenant.
CallerOf = Annotated[Principal, Depends(_caller)]
