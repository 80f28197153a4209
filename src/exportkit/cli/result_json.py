"""The result of an action, which may be anything, as one line of JSON."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["as_json", "told_of"]


def as_json(result: Any) -> str:
    """A result as one line of strict JSON; what JSON has no word for is written as its text."""
    import json

    from pydantic_core import to_jsonable_python

    from exportkit.errors import ConversionFailed

    try:
        try:
            plain = to_jsonable_python(result, fallback=_as_text, inf_nan_mode="null")
        except ValueError:  # bytes that are no UTF-8
            plain = to_jsonable_python(result, fallback=_as_text, inf_nan_mode="null", bytes_mode="base64")
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        return text if _can_be_printed(text) else json.dumps(plain)
    except Exception as error:
        raise ConversionFailed(f"The result of the action cannot be written as JSON: {told_of(error)}.") from error


def _can_be_printed(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeError:
        return False
    return True


def _as_text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - the border of a plugin
        return f"<{type(value).__name__}>"


def told_of(error: BaseException) -> str:
    """Type and words of an exception, whose own code may fail."""
    from exportkit.errors import words_of

    words = words_of(error).rstrip(".")
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
