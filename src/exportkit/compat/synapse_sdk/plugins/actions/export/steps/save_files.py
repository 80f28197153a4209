"""Writes the files."""

from __future__ import annotations

from exportkit.actions import SaveFilesStep

__all__ = ["SaveFilesStep"]
