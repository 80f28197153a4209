"""The caller of a request, and the server that answers it."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from exportkit.server.backend import Backend
from exportkit.server.principals import Principal, shown_tokens, verified

__all__ = ["CallerOf", "backend_of"]


def backend_of(request: Request) -> Backend:
    """Give the server that answers a request."""
    return cast("Backend", request.app.state.backend)


async def _caller(request: Request) -> Principal:
    owners = backend_of(request).owners
    tokens = shown_tokens(request.headers)
    known = owners.recent(tokens) or await run_in_threadpool(owners.find, tokens)
    return verified(known, request.headers)


#: A parameter of this type is the caller, who has shown a token and its tenant.
CallerOf = Annotated[Principal, Depends(_caller)]
