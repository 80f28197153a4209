"""The client of the backend's second interface, as annotations name it: any object with these resources is one."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["BackendClientV2", "BackendV2Client"]


class BackendClientV2(Protocol):
    """Resources of the second interface."""

    tasks: Any
    assignments: Any
    ground_truth_events: Any
    ground_truths: Any
    plugin_exports: Any
    async_jobs: Any


BackendV2Client = BackendClientV2
