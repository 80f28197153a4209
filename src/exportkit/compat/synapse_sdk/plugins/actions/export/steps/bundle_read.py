"""Reads what the server collected."""

from __future__ import annotations

from exportkit.actions import BundleReadStep

__all__ = ["BundleReadStep"]
