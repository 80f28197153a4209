"""Answers that may be a part: Range, If-Range and ETag as RFC 9110, sections 13 and 14, have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

__all__ = ["ranged"]

_RANGE: Final = re.compile(r"bytes\s*=\s*(\d{0,19})-(\d{0,19})\s*\Z", re.ASCII)
#: Nothing of it is ever shown or run by a browser.
_SAFETY: Final[Mapping[str, str]] = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, max-age=60",
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def ranged(
    request: Request, size: int, digest: str, read: Callable[[int, int], Iterator[bytes]], media_type: str
) -> Response:
    """Answer with the bytes that were asked for: all, or one range of them while the entity is still the same.

    Several ranges, and ranges in other units, get everything. `digest` is the entity's tag, `read` gives the bytes
    between two places.
    """
    tag = f'"{digest}"'
    headers = {**_SAFETY, "ETag": tag}
    if tag in (request.headers.get("if-none-match") or ""):
        return Response(status_code=304, headers=headers)
    wanted = _wanted(request.headers.get("range"), size)
    condition = request.headers.get("if-range")
    if wanted is None or (condition is not None and condition.strip() != tag):
        return _answer(request, read, 0, size, 200, headers, media_type)
    start, end = wanted
    if start >= end:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return _answer(request, read, start, end, 206, headers, media_type)


def _wanted(header: str | None, size: int) -> tuple[int, int] | None:
    """Give the bounds of the range, the end exclusive; None where everything is to be sent."""
    found = _RANGE.match(header or "")
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(0, size - int(found[2])), size
    start = int(found[1])
    end = int(found[2]) + 1 if found[2] else size
    return None if found[2] and end <= start else (start, min(end, size))


def _answer(
    request: Request,
    read: Callable[[int, int], Iterator[bytes]],
    start: int,
    end: int,
    status: int,
    headers: dict[str, str],
    media_type: str,
) -> Response:
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(read(start, end), status, headers, media_type)
