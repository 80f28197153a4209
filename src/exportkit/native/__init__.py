"""The compiled core: inner loops in C, each the twin of a pure-Python function that gives the same results.

It is built where a C compiler is at hand when exportkit is installed, and left out elsewhere; without it everything
works, only slower. ``EXPORTKIT_NATIVE=0`` in the environment leaves it unused.
"""

from __future__ import annotations

import os
from types import ModuleType

__all__ = ["core"]


def _loaded() -> ModuleType | None:
    if os.environ.get("EXPORTKIT_NATIVE", "1").strip().lower() in {"0", "false", "no", "off"}:
        return None
    try:
        from exportkit.native import _core
    except ImportError:
        return None
    return _core


#: The compiled module, or None where only the pure twins are to be used.
core = _loaded()
