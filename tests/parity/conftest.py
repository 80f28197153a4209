"""Gives every test a workbench (tests/conversion/workbench.py) in its own folder, and real servers."""

from __future__ import annotations

from tests.conversion.workbench import bench
from tests.services import postgres_url, s3

__all__ = ["bench", "postgres_url", "s3"]
