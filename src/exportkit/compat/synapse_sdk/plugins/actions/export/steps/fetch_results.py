"""Asks for the rows."""

from __future__ import annotations

from exportkit.actions import FetchResultsStep

__all__ = ["FetchResultsStep"]
