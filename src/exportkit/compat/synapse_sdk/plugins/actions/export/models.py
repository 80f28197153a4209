"""Params of exports."""

from __future__ import annotations

from exportkit.actions import ExportParams

__all__ = ["ExportParams", "non_blank"]


def non_blank(value: str) -> str:
    """The text as it is. Raises ``ValueError`` for one of blanks only."""
    if not value.strip():
        raise ValueError("Value cannot be blank")
    return value
