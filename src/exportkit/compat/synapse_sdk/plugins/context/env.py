"""Settings from outside."""

from __future__ import annotations

from exportkit.runtime import PluginEnvironment

__all__ = ["PluginEnvironment"]
