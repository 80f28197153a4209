"""Who acquires the data."""

from __future__ import annotations

from exportkit.actions import probe_export_count
from exportkit.actions.delegation import (
    DEFAULT_ACTIVITY_BASED,
    DEFAULT_ASYNC_JOB_SIZE_THRESHOLD,
    DEFAULT_EXPORT_FORMAT,
    DEFAULT_INACTIVITY_DEADLINE,
    DEFAULT_POLL_BACKOFF,
    DEFAULT_POLL_INTERVAL,
    DEFAULT_POLL_MAX_ATTEMPTS,
    DEFAULT_POLL_MAX_INTERVAL,
    DEFAULT_WALL_CLOCK_CEILING,
    DelegatedExportError,
    DelegationConfig,
    DelegationDecision,
    map_target_to_backend_targets,
    resolve_delegation_decision,
    should_delegate_export,
)
from exportkit.actions.head_settings import PollPatienceConfig, ShardConfig

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
    "DelegatedExportError",
    "DelegationConfig",
    "DelegationDecision",
    "PollPatienceConfig",
    "ShardConfig",
    "map_target_to_backend_targets",
    "probe_export_count",
    "resolve_delegation_decision",
    "should_delegate_export",
]
