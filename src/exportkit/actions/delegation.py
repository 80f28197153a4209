"""Who acquires the data of an export, the server or this process, and why."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from exportkit.actions.probe import probe_export_count
from exportkit.actions.targets import versions_of
from exportkit.clients.job_outcome import DelegatedExportError
from exportkit.runtime import KILL_SWITCH, Settings, Source

__all__ = [
    "DEFAULT_ACTIVITY_BASED",
    "DEFAULT_ASYNC_JOB_SIZE_THRESHOLD",
    "DEFAULT_EXPORT_FORMAT",
    "DEFAULT_INACTIVITY_DEADLINE",
    "DEFAULT_POLL_BACKOFF",
    "DEFAULT_POLL_INTERVAL",
    "DEFAULT_POLL_MAX_ATTEMPTS",
    "DEFAULT_POLL_MAX_INTERVAL",
    "DEFAULT_WALL_CLOCK_CEILING",
    "OFFLINE",
    "DelegatedExportError",
    "DelegationConfig",
    "DelegationDecision",
    "map_target_to_backend_targets",
    "resolve_delegation_decision",
    "should_delegate_export",
]

DEFAULT_ASYNC_JOB_SIZE_THRESHOLD: Final = 1000
DEFAULT_EXPORT_FORMAT: Final = "raw_bundle_v1"
DEFAULT_ACTIVITY_BASED: Final = True
DEFAULT_INACTIVITY_DEADLINE: Final = 1800.0
DEFAULT_WALL_CLOCK_CEILING: Final[float | None] = None
DEFAULT_POLL_INTERVAL: Final = 2.0
DEFAULT_POLL_BACKOFF: Final = 1.5
DEFAULT_POLL_MAX_INTERVAL: Final = 15.0
DEFAULT_POLL_MAX_ATTEMPTS: Final = 30

#: Reasons for acquiring in process; the first alone is no fallback and nobody is warned.
OFFLINE: Final = "offline source"
KILLED: Final = "kill-switch"
NOT_WIRED: Final = "v2 client not wired"
NO_SCOPE: Final = "delegation scope unresolved"

_THRESHOLD: Final = "export_async_job_size_threshold"


@dataclass(frozen=True)
class DelegationConfig:
    """Whether delegation is on; `source` names the switch that turned it off. The threshold decides nothing."""

    enabled: bool = True
    threshold: int = DEFAULT_ASYNC_JOB_SIZE_THRESHOLD
    source: str = "default"

    @classmethod
    def from_sources(
        cls,
        *,
        config: Mapping[str, Any] | None = None,
        threshold: int | None = None,
        params: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Ask every source: the fields of `params`, its ``extra_params``, the action's `config`, the environment.

        Any of them turns delegation off and none turns it on again; where several do, the first in this order is
        named. A threshold, from wherever, is taken note of with one DeprecationWarning. Raises SettingRefused for a
        switch that is neither true nor false.
        """
        settings = Settings(params, config, environ)
        switch = settings.get(KILL_SWITCH)
        asked = settings.get(_THRESHOLD)
        if threshold is not None or asked.source is not Source.DEFAULT:
            warnings.warn(
                "The threshold of delegated exports has no effect: every export is delegated, whatever its size.",
                DeprecationWarning,
                stacklevel=2,
            )
        value = asked.value if threshold is None else threshold
        return cls(not switch.value, value, switch.place if switch.value else "default")


@dataclass(frozen=True)
class DelegationDecision:
    """What was decided, once for a run; `reason` says why the process acquires by itself, else it is empty."""

    delegate: bool
    count: int | None = None
    project_id: int | None = None
    reason: str = ""


def resolve_delegation_decision(
    *,
    v2_client: Any,
    client: Any,
    target: str,
    filters: Mapping[str, Any] | None,
    project_id: int | None,
    config: DelegationConfig | Mapping[str, Any] | None = None,
) -> DelegationDecision:
    """Decide by three gates, in this order: not switched off, a v2 client, a scope.

    The scope of ground truth is its dataset versions and never a project; of anything else it is the project. How many
    rows there are decides nothing: a delegated export asks for their number once, for its progress. Whoever reads
    from an offline client acquires in process by nature. Depends on its arguments alone but for that count.
    """
    settled = config if isinstance(config, DelegationConfig) else DelegationConfig.from_sources(config=config)
    filters = filters or {}
    project = project_id if project_id is not None else filters.get("project")
    if getattr(client, "offline", False) is True:
        return DelegationDecision(delegate=False, project_id=project, reason=OFFLINE)
    if not settled.enabled:
        return DelegationDecision(delegate=False, project_id=project, reason=f"{KILLED} ({settled.source})")
    if v2_client is None:
        return DelegationDecision(delegate=False, project_id=project, reason=NOT_WIRED)
    if not (versions_of(filters) if target == "ground_truth" else project is not None):
        return DelegationDecision(delegate=False, project_id=project, reason=NO_SCOPE)
    count = probe_export_count(client, target=target, filters=filters) if client is not None else None
    return DelegationDecision(delegate=True, count=count, project_id=project)


def should_delegate_export(*, count: int | None = None, config: DelegationConfig) -> bool:  # noqa: ARG001
    """Whether delegation is on, whatever the count."""
    return config.enabled


def map_target_to_backend_targets(target: str) -> list[str]:
    """The targets of an enqueue request. Raises ValueError for one that the backend does not have."""
    if target not in {"task", "assignment", "ground_truth"}:
        raise ValueError(f"The target {target!r} cannot be delegated; it is known to this plugin alone.")
    return [target]
