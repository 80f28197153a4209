"""``labelmap.txt`` as a stranger reads it."""

from __future__ import annotations

__all__ = ["label_names"]


def label_names(data: bytes) -> list[str]:
    """Names in the order of their values in the class plane, background first; comments and empty lines are none."""
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    return [line.partition(":")[0] for line in lines if line and not line.startswith("#")]
