"""The csv writer and checker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exportkit_csv.choice import Csv

__all__ = ["Csv"]


def __getattr__(name: str) -> Any:
    # Late, since plugins are loaded by the name of their package, and a list of formats needs no writer's insides.
    if name != "Csv":
        raise AttributeError(f"module 'exportkit_csv' has no attribute {name!r}")
    from exportkit_csv.choice import Csv

    return Csv
