"""The project behind ground truth, which is filtered by dataset versions and not by project."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from exportkit.actions.targets import versions_of

__all__ = ["resolve_gt_project_id"]


def resolve_gt_project_id(
    client: Any,
    v2_client: Any,
    filters: Mapping[str, Any] | None,
    *,
    logger: Any = None,  # noqa: ARG001
) -> int | None:
    """The project of the first dataset version that names one, or None: ground truth need not have a project."""
    given = (filters or {}).get("project")
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    for version in versions_of(filters or {}):
        project = _project_of(client, v2_client, version)
        if project is not None:
            return project
    return None


def _project_of(client: Any, v2_client: Any, version: Any) -> int | None:
    with suppress(Exception):  # the project is a help; an export of ground truth does without
        document = client.get_ground_truth_dataset_version(version)
        dataset = document.get("ground_truth_dataset")
        if isinstance(dataset, Mapping) and isinstance(dataset.get("project"), int):
            return int(dataset["project"])
        identity = dataset.get("id") if isinstance(dataset, Mapping) else dataset
        found = v2_client.ground_truth_datasets.retrieve(identity) if v2_client is not None else None
        project = found.get("project_id") if isinstance(found, Mapping) else getattr(found, "project_id", None)
        return project if isinstance(project, int) and not isinstance(project, bool) else None
    return None
