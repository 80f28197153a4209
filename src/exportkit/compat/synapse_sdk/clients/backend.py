"""The client of the backend's first interface, as annotations name it: any object with these calls is one."""

from __future__ import annotations

from exportkit.clients import ExportClient as BackendClient

__all__ = ["BackendClient"]
