"""Pascal VOC: the writer and the checker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exportkit_voc.choice import Voc

__all__ = ["Voc"]


def __getattr__(name: str) -> Any:
    # Late, since plugins are loaded by the name of their package, and a list of formats needs no writer's insides.
    if name != "Voc":
        raise AttributeError(f"module 'exportkit_voc' has no attribute {name!r}")
    from exportkit_voc.choice import Voc

    return Voc
