"""An object store that answers as each test tells it."""

from __future__ import annotations

from tests.clients.object_store import store

__all__ = ["store"]
