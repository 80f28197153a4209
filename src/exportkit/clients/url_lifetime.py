"""How long a signed URL is good for, by what stands in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

__all__ = ["is_worn"]

#: Share of its lifetime after which a URL is replaced rather than tried.
_WORN: Final = 0.8
_LONGEST: Final = 10 * 86_400.0


def is_worn(url: str, issued: float, now: float) -> bool:
    """Whether a URL has used up four fifths of its life; both times are seconds by the clock of its host.

    Reads the forms of S3 (``X-Amz-Date`` with ``X-Amz-Expires``), of Google (``X-Goog-…``) and a plain ``Expires`` or
    ``expires`` in seconds since 1970. A URL that says nothing never seems worn; the host will tell.
    """
    try:
        words = {key.lower(): values[-1] for key, values in parse_qs(urlsplit(url).query).items()}
    except ValueError:
        return False
    begun, end = issued, None
    for family in ("x-amz", "x-goog"):
        if f"{family}-date" in words and words.get(f"{family}-expires", "").isdigit():
            begun = _moment(words[f"{family}-date"]) or issued
            end = begun + float(words[f"{family}-expires"])
    if end is None and words.get("expires", "").isdigit():
        end = float(words["expires"])
    if end is None or not 0 < end - begun < _LONGEST:
        return end is not None and end <= now
    return now > begun + _WORN * (end - begun)


def _moment(text: str) -> float | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
