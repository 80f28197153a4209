"""Where an exporter writes, and what it keeps on disk meanwhile."""

from __future__ import annotations

from pathlib import Path

from exportkit.actions.failures import ErrorRows, FailureLog
from exportkit.actions.originals import Originals
from exportkit.actions.stems import StemRegistry
from exportkit.clients import OriginalSource
from exportkit.clients.objects import ObjectFetcher

__all__ = ["Workplace"]


class Workplace:
    """A folder being filled (`stage`), one for the run alone (`spool`), and the lists that lie in the latter."""

    def __init__(self, stage: Path, spool: Path, source: OriginalSource | None, *, workers: int = 4) -> None:
        """Both folders exist and belong to this run. `source` gives files of a bundle."""
        self.stage = stage
        self.spool = spool
        self.stems = StemRegistry(spool)
        self.originals = Originals(spool, source, ObjectFetcher.shared(), workers=workers)
        self.errors_json = ErrorRows(spool / "errors-json.jsonl")
        self.errors_original = ErrorRows(spool / "errors-original.jsonl")
        self.failures = FailureLog(spool / "failures.jsonl")
        #: Files that were written, counted as they are written.
        self.written = 0

    def close(self) -> None:
        """Release what is open; the folders are their owner's."""
        self.originals.close()
        self.stems.close()
        self.errors_json.close()
        self.errors_original.close()
        self.failures.close()
