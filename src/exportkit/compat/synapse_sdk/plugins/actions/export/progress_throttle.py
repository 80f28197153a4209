"""How often progress is told."""

from __future__ import annotations

from exportkit.runtime.throttle import (
    DEFAULT_FLUSH_INTERVAL,
    DEFAULT_FLUSH_MIN_SECONDS,
    ProgressThrottle,
    build_throttle_from_params,
)

__all__ = ["DEFAULT_FLUSH_INTERVAL", "DEFAULT_FLUSH_MIN_SECONDS", "ProgressThrottle", "build_throttle_from_params"]
