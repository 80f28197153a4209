"""What the steps of an export share."""

from __future__ import annotations

from exportkit.actions import ExportContext, is_delegated, is_sharded

__all__ = ["ExportContext", "is_delegated", "is_sharded"]
