"""Gives every test a workbench (tests/conversion/workbench.py) in its own folder."""

from __future__ import annotations

from tests.conversion.workbench import bench

__all__ = ["bench"]
