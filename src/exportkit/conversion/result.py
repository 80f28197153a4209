"""What a conversion gives back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from exportkit.writing import Finding
from exportkit.writing.ledger import Counts, Entry

__all__ = ["ConversionResult", "OutputResult"]


class OutputResult(msgspec.Struct):
    """One dataset: where it is, its account, and what its checker said."""

    label: str
    format: str
    path: Path
    counts: Counts
    findings: list[Finding]
    #: The first errors, for people; all of them stand in ``exportkit-errors.jsonl``.
    errors: list[Entry]
    files: int
    bytes: int
    classes: tuple[str, ...]
    splits: dict[str, int]
    #: How many pictures stand in the dataset.
    pictures: int = 0


class ConversionResult(msgspec.Struct):
    """The outcome of one run."""

    directory: Path
    outputs: list[OutputResult]
    source: dict[str, Any]
    dry_run: bool = False
    warnings: list[str] = []

    def move_to(self, directory: Path) -> None:
        """Tell of another place than the one that was planned."""
        for output in self.outputs:
            output.path = directory / output.path.relative_to(self.directory)
        self.directory = directory

    @property
    def has_errors(self) -> bool:
        """Whether any record or annotation failed."""
        return any(o.counts.records["failed"] or o.counts.annotations["failed"] for o in self.outputs)

    @property
    def exit_code(self) -> int:
        """0 done, 3 published with per-record errors."""
        return 3 if self.has_errors else 0
