"""Datasets of every bundle, made once a session by the command that a user runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# The tests of this folder share modules: they are imported as parts of the checkout.
sys.path.insert(0, str(Path(__file__).parents[2]))

if TYPE_CHECKING:
    from tests.consumers.datasets import Workshop


def pytest_configure() -> None:
    """Keep the consumers off the network, and their settings out of the home folder."""
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    from tests.consumers.datasets import Workshop

    return Workshop(tmp_path_factory.mktemp("consumers"))
