"""Gives every test a workbench (tests/conversion/workbench.py) in its own folder, and servers that misbehave."""

from __future__ import annotations

from tests.clients.loopback import backend, clients, waits
from tests.clients.object_store import store
from tests.conversion.workbench import bench

__all__ = ["backend", "bench", "clients", "store", "waits"]
