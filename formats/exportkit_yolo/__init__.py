"""YOLO as Ultralytics reads it: the writer and the checker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exportkit_yolo.choice import Yolo

__all__ = ["Yolo"]


def __getattr__(name: str) -> Any:
    # Late, since plugins are loaded by the name of their package, and a list of formats needs no writer's insides.
    if name != "Yolo":
        raise AttributeError(f"module 'exportkit_yolo' has no attribute {name!r}")
    from exportkit_yolo.choice import Yolo

    return Yolo
