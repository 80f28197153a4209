"""How the server's part of an export is split and waited for; read from params as all knobs are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from exportkit.runtime import Settings

__all__ = ["PollPatienceConfig", "ShardConfig"]


@dataclass(frozen=True)
class PollPatienceConfig:
    """How long a job of the server is waited for. All times in seconds.

    With ``activity_based`` it is given up when it shows no sign of life for ``inactivity_deadline``, or after
    ``wall_clock_ceiling`` where there is one; otherwise after ``poll_max_attempts`` questions.
    """

    activity_based: bool = True
    inactivity_deadline: float = 1800.0
    wall_clock_ceiling: float | None = None
    poll_interval: float = 2.0
    poll_backoff: float = 1.5
    poll_max_interval: float = 15.0
    poll_max_attempts: int = 30

    @classmethod
    def from_params(cls, params: Mapping[str, Any] | None, config: Mapping[str, Any] | None = None) -> Self:
        """Raises :class:`~exportkit.errors.SettingRefused` for a value that a knob does not take."""
        settings = Settings(params, config)
        return cls(
            activity_based=settings.get("export_delegate_poll_activity_based").value,
            inactivity_deadline=settings.get("export_delegate_poll_inactivity_deadline_seconds").value,
            wall_clock_ceiling=settings.get("export_delegate_poll_wall_clock_ceiling_seconds").value,
        )


@dataclass(frozen=True)
class ShardConfig:
    """Into which parts a large export is split on the server: at most ``shard_size`` ids each."""

    shard_size: int = 10_000
    max_parallel: int = 3
    disabled: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any] | None, config: Mapping[str, Any] | None = None) -> Self:
        """Raises :class:`~exportkit.errors.SettingRefused` for a value that a knob does not take."""
        settings = Settings(params, config)
        return cls(
            shard_size=settings.get("export_shard_size").value,
            max_parallel=settings.get("export_shard_max_parallel").value,
            disabled=settings.get("export_disable_sharding").value,
        )
