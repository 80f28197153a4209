"""The project of ground truth."""

from __future__ import annotations

from exportkit.actions.gt_project import resolve_gt_project_id

__all__ = ["resolve_gt_project_id"]
