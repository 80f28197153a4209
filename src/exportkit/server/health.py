"""Signs of life, for those who operate a server; they need no token and tell nothing else."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exportkit.server.answers import plain
from exportkit.server.callers import backend_of
from exportkit.server.shapes import Health

__all__ = ["router"]

router: Final = APIRouter()


@router.get("/healthz", responses={200: {"model": Health, "description": "alive"}})
def is_alive() -> Response:
    """Say that the process answers."""
    return plain({"status": "alive"})


@router.get("/readyz", responses={200: {"model": Health}, 503: {"model": Health, "description": "try again later"}})
def is_ready(request: Request) -> Response:
    """Say that the database answers, too."""
    backend_of(request).database.is_alive()
    return plain({"status": "ready"})
