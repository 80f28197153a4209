"""The coco writer and checker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exportkit_coco.choice import Coco

__all__ = ["Coco"]


def __getattr__(name: str) -> Any:
    # Late, since plugins are loaded by the name of their package, and a list of formats needs no writer's insides.
    if name != "Coco":
        raise AttributeError(f"module 'exportkit_coco' has no attribute {name!r}")
    from exportkit_coco.choice import Coco

    return Coco
