"""How a failed run speaks."""

from __future__ import annotations

import os
import sys
import traceback

import msgspec

__all__ = ["report_failure"]


def report_failure(code: int, message: str, *, as_json: bool, error: Exception | None = None) -> int:
    """Say what went wrong, in one sentence on stderr, or as one JSON object on stdout; give the exit code.

    With ``EXPORTKIT_DEBUG`` set, a defect also shows its traceback.
    """
    if as_json:
        value = {"schema": "exportkit/1", "exit_error": {"code": code, "message": message}}
        sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    else:
        sys.stderr.write(f"exportkit: {printable(message)}\n")
    if error is not None and os.environ.get("EXPORTKIT_DEBUG"):
        traceback.print_exception(error)
    return code


def printable(text: str) -> str:
    """Text that cannot move a terminal's cursor or colour: control characters are shown as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
