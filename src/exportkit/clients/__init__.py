"""What exports ask of an annotation backend, and a client that answers from a bundle."""

from exportkit.clients.bundle_index import LineFault
from exportkit.clients.bundle_rows import BundleFiles, BundleRows, BundleSource
from exportkit.clients.calls import LocalCalls
from exportkit.clients.counted_rows import CountedRows, Row
from exportkit.clients.folder import FolderClient
from exportkit.clients.identity_keys import IdentitySelection
from exportkit.clients.offline import OfflineClient
from exportkit.clients.protocol import ExportClient, OriginalSource, RowSource

__all__ = [
    "BundleFiles",
    "BundleRows",
    "BundleSource",
    "CountedRows",
    "ExportClient",
    "FolderClient",
    "IdentitySelection",
    "LineFault",
    "LocalCalls",
    "OfflineClient",
    "OriginalSource",
    "Row",
    "RowSource",
]
