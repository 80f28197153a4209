"""How a failed run speaks."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping

from exportkit.errors import BundleRefused, ExportkitError

__all__ = ["Terminated", "printable", "report_error", "report_failure"]


class Terminated(BaseException):
    """SIGTERM arrived; the run cleans up as for Ctrl-C."""


def report_error(error: ExportkitError, *, as_json: bool, resume: str | None = None) -> int:
    """Say why a run stopped, with the code and the place of a refused bundle; give the exit code."""
    if not isinstance(error, BundleRefused):
        return report_failure(error.exit_code, str(error), as_json=as_json, resume=resume)
    facts = {"error": error.code, "file": error.file, "line": error.line, "json_path": error.json_path}
    return report_failure(error.exit_code, f"{error.code}: {error}", as_json=as_json, facts=facts)


def report_failure(
    code: int,
    message: str,
    *,
    as_json: bool,
    error: Exception | None = None,
    facts: Mapping[str, str | int | None] | None = None,
    resume: str | None = None,
) -> int:
    """Say what went wrong, in one sentence on stderr, or as one JSON object on stdout; give the exit code.

    `resume` is the command that goes on; a conversion is repeated from its bundle and has none.

    With ``EXPORTKIT_DEBUG`` set, a defect also shows its traceback.
    """
    if as_json:
        exit_error = {"code": code, "message": message, "resume_command": resume, **(facts or {})}
        value = {"schema": "exportkit/1", "exit_error": exit_error}
        import msgspec

        sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    else:
        sys.stderr.write(f"exportkit: {printable(message)}\n")
        if resume is not None:
            sys.stderr.write(f"To go on, run: {printable(resume)}\n")
    if error is not None and os.environ.get("EXPORTKIT_DEBUG"):
        traceback.print_exception(error)
    return code


def printable(text: str) -> str:
    """Text that cannot move a terminal's cursor or colour: control characters are shown as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
