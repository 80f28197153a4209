"""What becomes of one annotation in one output."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

__all__ = ["WRITTEN", "Outcome", "Status", "failed", "lossy", "skipped", "written"]

Status = Literal["written", "lossy", "skipped", "failed"]


class Outcome:
    """The end of one annotation in one output: exactly one status, and the codes that explain it.

    Outcomes without a message are shared objects, so that counting them costs an identity hash; get them
    from :func:`written`, :func:`lossy`, :func:`skipped` and :func:`failed` rather than by the constructor.
    """

    __slots__ = ("codes", "json_path", "message", "status")

    def __init__(self, status: Status, codes: tuple[str, ...] = (), message: str = "", json_path: str = "") -> None:
        self.status: Status = status
        self.codes = codes
        self.message = message
        #: Path of the smallest bad part, relative to the annotation (``.bbox``) or empty.
        self.json_path = json_path

    def __repr__(self) -> str:
        return f"Outcome({self.status!r}, {self.codes!r}, {self.message!r})"


WRITTEN = Outcome("written")


@lru_cache(maxsize=4096)
def _shared(status: Status, codes: tuple[str, ...]) -> Outcome:
    if status == "written" and not codes:
        return WRITTEN
    return Outcome(status, codes)


def written(*codes: str) -> Outcome:
    """Written whole. ``codes`` may hold notices (``N_``)."""
    return _shared("written", codes)


def lossy(*codes: str) -> Outcome:
    """Written, and something of the source cannot be recovered from this output (at least one ``L_`` code)."""
    return _shared("lossy", codes)


def skipped(code: str, message: str = "") -> Outcome:
    """The format has no place for it, or an option asked for it (an ``S_`` code)."""
    return Outcome("skipped", (code,), message) if message else _shared("skipped", (code,))


def failed(code: str, message: str, json_path: str = "") -> Outcome:
    """It could not be read or written (an ``E_`` code); the message is one plain sentence."""
    return Outcome("failed", (code,), message, json_path)
