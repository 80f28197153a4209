"""How a run that was cut off is gone on with."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

__all__ = ["resume_command"]

#: Exit codes after which what was acquired is still there (reliability, section 4).
_RESUMABLE: Final = frozenset({5, 6, 7, 8, 130, 143})


def resume_command(words: Sequence[str], code: int) -> str | None:
    """The command that goes on after a failure: the same one, without ``--restart``.

    None where nothing was kept: only runs that acquire from a backend keep something. A bundle is converted again, and
    an action that has its rows from elsewhere begins anew.
    """
    runs = list(words[:1]) == ["run"] or list(words[:2]) == ["plugin", "run"]
    if not runs or code not in _RESUMABLE or not _acquires(words):
        return None
    return shlex.join(["exportkit", *(word for word in words if word != "--restart")])


def _acquires(words: Sequence[str]) -> bool:
    """Whether the run has a backend to acquire from."""
    from exportkit.clients import Connection
    from exportkit.errors import UsageError

    if any(word.startswith("--source") for word in words):
        return False
    if any(word.startswith("--token-file") for word in words):
        return True
    try:
        return Connection.of_environment() is not None
    except UsageError:
        return False
