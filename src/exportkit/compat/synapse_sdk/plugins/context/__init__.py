"""What a run has around it."""

from __future__ import annotations

from exportkit.runtime import PluginEnvironment, RuntimeContext

__all__ = ["PluginEnvironment", "RuntimeContext"]
