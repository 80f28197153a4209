"""Exceptions that are raised again in another process."""

from __future__ import annotations

import pickle
from traceback import format_exception, format_exception_only

__all__ = ["portable"]


def portable(error: BaseException, where: str) -> BaseException:
    """The exception, or one of the same words where it cannot be sent, with a note of where it was raised."""
    note = f"{where}:\n{''.join(format_exception(error))}"
    try:
        error.add_note(note)
        pickle.loads(pickle.dumps(error))  # noqa: S301 - what stands on the same line
    except Exception:  # noqa: BLE001 - somebody else's class may do anything here
        error = RuntimeError("".join(format_exception_only(error)).strip())
        error.add_note(note)
    return error
