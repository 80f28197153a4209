"""Gives every test a workbench (tests/conversion/workbench.py) in its own folder, real servers, and a bundle."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conversion.workbench import bench
from tests.parity.drawn import write_bundle
from tests.services import postgres_url, s3

__all__ = ["bench", "bundle", "postgres_url", "s3"]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of several pages and chunks (tests/parity/drawn.py), which no test changes."""
    return write_bundle(tmp_path_factory.mktemp("drawn") / "bundle")
