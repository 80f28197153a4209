"""What became of files, as counts."""

from __future__ import annotations

from dataclasses import dataclass

from exportkit.runtime import ExportStatus

__all__ = ["ExportStatus", "MetricsRecord"]


@dataclass
class MetricsRecord:
    """Files that wait, that were written and that failed; counted up while an export runs."""

    stand_by: int = 0
    success: int = 0
    failed: int = 0

    def to_dict(self) -> dict[str, int]:
        """The three counts by name."""
        return {"stand_by": self.stand_by, "success": self.success, "failed": self.failed}

    def settle(self, *, succeeded: bool) -> None:
        """Move one file out of those that wait; more files than announced make no count negative."""
        self.stand_by = max(0, self.stand_by - 1)
        if succeeded:
            self.success += 1
        else:
            self.failed += 1
