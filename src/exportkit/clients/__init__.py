"""What exports ask of an annotation backend: over HTTP, or of a bundle that answers in its place."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from exportkit.clients.bundle_index import LineFault
from exportkit.clients.bundle_rows import BundleFiles, BundleRows, BundleSource
from exportkit.clients.calls import LocalCalls
from exportkit.clients.connection import Connection
from exportkit.clients.counted_rows import CountedRows, Row
from exportkit.clients.folder import FolderClient
from exportkit.clients.identity_keys import IdentitySelection
from exportkit.clients.offline import OfflineClient
from exportkit.clients.protocol import ExportClient, OriginalSource, RowSource
from exportkit.clients.retries import RetryBudget
from exportkit.clients.wire_row import WireRow

if TYPE_CHECKING:
    from exportkit.clients.api_session import ApiSession
    from exportkit.clients.backend import BackendClient
    from exportkit.clients.backend_v2 import BackendClientV2
    from exportkit.clients.connected_backend import ConnectedBackend

__all__ = [
    "ApiSession",
    "BackendClient",
    "BackendClientV2",
    "BundleFiles",
    "BundleRows",
    "BundleSource",
    "ConnectedBackend",
    "Connection",
    "CountedRows",
    "ExportClient",
    "FolderClient",
    "IdentitySelection",
    "LineFault",
    "LocalCalls",
    "OfflineClient",
    "OriginalSource",
    "RetryBudget",
    "Row",
    "RowSource",
    "WireRow",
]

#: Loaded when first asked for, since they alone need an HTTP library.
_OVER_HTTP = {
    "ApiSession": "api_session",
    "BackendClient": "backend",
    "BackendClientV2": "backend_v2",
    "ConnectedBackend": "connected_backend",
}


def __getattr__(name: str) -> Any:
    if name not in _OVER_HTTP:
        raise AttributeError(f"module 'exportkit.clients' has no attribute {name!r}")
    return getattr(import_module(f"exportkit.clients.{_OVER_HTTP[name]}"), name)
