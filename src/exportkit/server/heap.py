"""What the C library keeps of memory that was given back: as little as a process that runs for months needs."""

from __future__ import annotations

import ctypes
from typing import Final

__all__ = ["keep_heap_small"]

#: Parameters of mallopt(3) and their values.
_SETTINGS: Final = (
    # Every thread would begin a heap of its own, and requests come in dozens of threads.
    (-8, 2),  # M_ARENA_MAX
    # Set at all, these stay; else each large buffer that is freed raises them, and later ones remain in the heap.
    (-3, 128 << 10),  # M_MMAP_THRESHOLD, bytes
    (-1, 256 << 10),  # M_TRIM_THRESHOLD, bytes
)


def keep_heap_small() -> bool:
    """Have large buffers go back to the system when they are freed; say whether the C library can do that."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    taken = [mallopt(name, value) for name, value in _SETTINGS]
    return all(taken)
