"""Words for what an export is busy with, as plugins name them."""

from __future__ import annotations

from typing import Final

__all__ = ["ExportProgress"]


class ExportProgress:
    """Categories of progress: ``self.set_progress(done, total, self.progress.DATASET_CONVERSION)``."""

    DATASET_CONVERSION: Final = "dataset_conversion"
    SERVER_EXPORT: Final = "server_export"
