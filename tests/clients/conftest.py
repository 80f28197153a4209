"""Servers that answer as each test tells them."""

from __future__ import annotations

from tests.clients.loopback import backend, clients, waits
from tests.clients.object_store import store

__all__ = ["backend", "clients", "store", "waits"]
