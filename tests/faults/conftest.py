"""Gives every test a workbench (tests/conversion/workbench.py) in its own folder, and servers that misbehave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.clients.loopback import Loopback, backend, clients, waits
from tests.clients.object_store import store
from tests.conversion.workbench import bench

from exportkit.testing import FaultProxy

__all__ = ["backend", "bench", "clients", "proxy", "store", "waits"]


@pytest.fixture
def proxy(backend: Loopback) -> Iterator[FaultProxy]:
    """What stands between clients and the backend, and breaks connections as it is told."""
    with FaultProxy(backend.url) as made:
        yield made
