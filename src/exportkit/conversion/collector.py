"""Holding back Python's collector of reference cycles while a shard is worked on."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

__all__ = ["without_collector"]

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def without_collector(work: Callable[[_Job], _Result]) -> Callable[[_Job], _Result]:
    """``work`` with the collector off: it would look at everything a shard holds, again and again, for nothing.

    A shard makes no cycles of its own; those of plugins wait until it is done.
    """

    @wraps(work)
    def worked(job: _Job) -> _Result:
        if not gc.isenabled():
            return work(job)
        gc.disable()
        try:
            return work(job)
        finally:
            gc.enable()

    return worked
