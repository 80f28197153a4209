"""Answers that say no, in the form of the family that was asked (wire contract, section 13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from exportkit.server.answers import JSON, request_id

__all__ = ["Refusal", "missing", "refusal_response"]

_CODES: Final[Mapping[int, str]] = {
    400: "VALIDATION_ERROR",
    401: "authentication_failed",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "request_too_large",
    422: "VALIDATION_ERROR",
    429: "rate_limited",
    500: "internal_error",
    503: "unavailable",
}
#: What clients are asked to wait where nothing tells how long it takes, in seconds.
_RETRY_AFTER: Final = 2


class Refusal(Exception):
    """A request that is not served. The message is one plain sentence; `field` names what is wrong with it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        code: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.code = code or _CODES.get(status, "error")
        self.facts = facts or {}


def missing(what: str) -> Refusal:
    """Say 404: there is none, or it belongs to somebody else, which nobody can tell apart."""
    return Refusal(404, f"There is no such {what}.")


def refusal_response(request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """Give the answer: enveloped below ``/v2/``, plain elsewhere."""
    sent = dict(headers or {})
    if refusal.status in {429, 503}:
        sent.setdefault("Retry-After", str(_RETRY_AFTER))
    if refusal.status == 401:
        sent.setdefault("WWW-Authenticate", "Token")
    body: dict[str, Any]
    if request.url.path.startswith("/v2/"):
        details = [{"field": refusal.field, "message": refusal.message}] if refusal.field else None
        error = {"code": refusal.code, "message": refusal.message, "details": details, **refusal.facts}
        body = {"error": error, "meta": {"request_id": request_id()}}
    elif refusal.field:
        body = {refusal.field: [refusal.message]}
    else:
        body = {"detail": refusal.message, **refusal.facts}
    return Response(msgspec.json.encode(body), refusal.status, sent, JSON)
