"""Clients of the backend."""

from __future__ import annotations

from exportkit.clients.client_errors import ClientError

__all__ = ["ClientError"]
