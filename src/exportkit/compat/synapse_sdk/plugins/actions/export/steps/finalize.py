"""Publishes."""

from __future__ import annotations

from exportkit.actions import FinalizeStep

__all__ = ["FinalizeStep"]
