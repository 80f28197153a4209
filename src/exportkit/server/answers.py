"""Answers that say yes: plain JSON below the root, an envelope below ``/v2/``."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.responses import Response

__all__ = ["JSON", "enveloped", "enveloped_rows", "plain", "request_id"]

JSON: Final = "application/json"


def request_id() -> str:
    """Give an identifier that appears in one answer only."""
    return f"req_{secrets.token_hex(8)}"


def plain(value: object, status: int = 200) -> Response:
    """Answer in the manner of v1."""
    return Response(msgspec.json.encode(value), status, media_type=JSON)


def enveloped(value: object, status: int = 200) -> Response:
    """Answer in the manner of v2."""
    body = {"data": value, "meta": {"request_id": request_id()}}
    return Response(msgspec.json.encode(body), status, media_type=JSON)


def enveloped_rows(rows: list[bytes], meta: Mapping[str, Any] | None = None) -> Response:
    """Answer with rows that are JSON already; their bytes are not looked into."""
    head = msgspec.json.encode({"request_id": request_id(), **(meta or {})})
    return Response(b"".join((b'{"data":[', b",".join(rows), b'],"meta":', head, b"}")), media_type=JSON)
