"""The three kinds of rows, and how each is listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Table

from exportkit.server import tables

__all__ = ["ASSIGNMENT", "GROUND_TRUTH", "TARGETS", "TASK", "Target"]


@dataclass(frozen=True)
class Target:
    """One kind of rows. Pages are ordered by `key`, which is unique in a tenant; filters speak of `id`."""

    name: str
    table: Table
    key: Column[Any]
    #: Filter keys that name what rows are listed by: their project, or their dataset version.
    scope_keys: tuple[str, ...]
    #: Its segment in paths of v2.
    segment: str
    #: Its path in v1.
    v1_path: str

    @property
    def id(self) -> Column[Any]:
        return self.table.c.id

    @property
    def key_name(self) -> str:
        return self.key.name


TASK: Final = Target("task", tables.task, tables.task.c.id, ("project",), "tasks", "/sdk/tasks/")
ASSIGNMENT: Final = Target(
    "assignment",
    tables.assignment,
    tables.assignment.c.id,
    ("project",),
    "assignments",
    "/sdk/assignments/",
)
GROUND_TRUTH: Final = Target(
    "ground_truth",
    tables.ground_truth_event,
    tables.ground_truth_event.c.pgh_id,
    ("ground_truth_dataset_versions", "ground_truth_dataset_version"),
    "ground-truth-events",
    "/sdk/ground_truth_events/",
)
TARGETS: Final = {target.name: target for target in (TASK, ASSIGNMENT, GROUND_TRUTH)}
