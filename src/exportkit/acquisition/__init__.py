"""The two heads: however items are acquired, a bundle in the run's own folder is what comes of it."""

from exportkit.acquisition.asked_ids import AskedIds
from exportkit.acquisition.bundle_arrivals import BundleArrivals
from exportkit.acquisition.bundle_copy import BundleCopy
from exportkit.acquisition.delegated import DelegatedHead, ExportOrder, result_of
from exportkit.acquisition.in_process import InProcessHead
from exportkit.acquisition.original_files import OriginalFiles
from exportkit.acquisition.row_resolver import RowResolver
from exportkit.acquisition.run_state import STATE_NAME, FileFacts, JobFacts, RunFacts, RunState
from exportkit.acquisition.shards import BOUNDARY_PARAMS, IdRange, ranges_of
from exportkit.acquisition.sources import Pace
from exportkit.acquisition.spool import Spool, write_manifest
from exportkit.acquisition.stored_rows import StoredRows
from exportkit.acquisition.style import chosen_source

__all__ = [
    "BOUNDARY_PARAMS",
    "STATE_NAME",
    "AskedIds",
    "BundleArrivals",
    "BundleCopy",
    "DelegatedHead",
    "ExportOrder",
    "FileFacts",
    "IdRange",
    "InProcessHead",
    "JobFacts",
    "OriginalFiles",
    "Pace",
    "RowResolver",
    "RunFacts",
    "RunState",
    "Spool",
    "StoredRows",
    "chosen_source",
    "ranges_of",
    "result_of",
    "write_manifest",
]
