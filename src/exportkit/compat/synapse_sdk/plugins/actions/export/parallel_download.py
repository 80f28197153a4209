"""Files fetched at once."""

from __future__ import annotations

from exportkit.actions.parallel_download import DEFAULT_DOWNLOAD_WORKERS, download_files_parallel

__all__ = ["DEFAULT_DOWNLOAD_WORKERS", "download_files_parallel"]
