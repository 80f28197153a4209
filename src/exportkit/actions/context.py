"""What the nine steps of an export hand on to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exportkit.actions.export_output import ExportOutput
from exportkit.actions.tail import ExportTail
from exportkit.engines import EngineName
from exportkit.steps import BaseStepContext

__all__ = ["ExportContext", "is_delegated", "is_sharded"]


@dataclass
class ExportContext(BaseStepContext):
    """Shared state of one export. Fields are set by the steps in the order in which they stand here, by and large."""

    params: dict[str, Any] = field(default_factory=dict)
    #: Rows as the handler gave them, lazily.
    results: Any | None = None
    total_count: int = 0
    exported_count: int = 0
    failed_count: int = 0
    #: The published folder; until then None.
    output_path: str | None = None
    export_items: Any | None = None
    #: ``<storage>/<path>``.
    path_root: Path | None = None
    storage: Mapping[str, Any] | None = None
    configuration: dict[str, Any] | None = None
    project_id: int | None = None
    handler: Any | None = None
    #: The folder being filled; becomes `output_path` in one rename.
    unique_export_path: Path | None = None
    label_output_dirname: str | None = "labels"
    sdk_managed_original_files: bool = True
    output_paths: dict[str, Path] = field(default_factory=dict)
    export_params: dict[str, Any] = field(default_factory=dict)
    exporter: Any | None = None
    converted_items: Any | None = None
    errors_json: MutableSequence[Any] | Sequence[Any] = field(default_factory=list)
    errors_original: MutableSequence[Any] | Sequence[Any] = field(default_factory=list)
    filename_collision_count: int = 0
    written_file_count: int | None = None
    page_failures: list[dict[str, Any]] = field(default_factory=list)
    #: The action's configuration.
    config: dict[str, Any] = field(default_factory=dict)
    fetch_filters: dict[str, Any] = field(default_factory=dict)
    last_completed_item: Any | None = None
    rebuild_converted_items: Callable[..., Any] | None = None
    delegation_count: int | None = None
    async_job_id: str | None = None
    delegation_terminal_detail: Any | None = None
    delegation_manifest: dict[str, Any] = field(default_factory=dict)
    export_shards: Any | None = None
    delegation_shard_manifests: Any | None = None
    delegation_decision: Any | None = None
    #: The action that runs; its methods may be overridden.
    action: Any | None = None
    #: Class of the exporter, what it works in, and how its tail goes.
    entrypoint: type[Any] | None = None
    output: ExportOutput | None = None
    tail: ExportTail | None = None
    #: Originals that failed while their label was written.
    failed_originals: int = 0
    #: Files of data units that no one exported.
    unexported_files: int = 0
    #: False where nobody could say how many rows there are.
    count_verified: bool = True
    #: ``complete``, ``partial`` or ``incomplete``.
    status: str = "complete"
    #: ``listed = written + failed + gone + filtered``.
    reconcile: dict[str, int] = field(default_factory=dict)
    #: What plugins need of the items, once they were asked.
    needs: Any | None = None
    #: The acquisition from a backend, where there is one.
    acquisition: Any | None = None
    #: Whether what an unfinished run has acquired is to be forgotten, and whether jobs of the server end with the run.
    restart: bool = False
    cancels_remote: bool = False
    #: Where datasets of registered formats are encoded, and the address of the cluster for ``ray``.
    engine: EngineName = "local"
    ray_address: str | None = None
    #: What a tail adds to the result of the run.
    extra_result: dict[str, Any] = field(default_factory=dict)

    @property
    def client(self) -> Any:
        """The client of the run. Raises RuntimeError without one."""
        if self.runtime_ctx.client is None:
            raise RuntimeError("No client in runtime context")
        return self.runtime_ctx.client

    @property
    def logger(self) -> Any:
        """The logger of the run."""
        return self.runtime_ctx.logger


def is_delegated(context: ExportContext) -> bool:
    """Whether the server acquires the data."""
    return bool(getattr(context.delegation_decision, "delegate", False))


def is_sharded(context: ExportContext) -> bool:
    """Whether it does so in several jobs."""
    return bool(context.export_shards)
