"""One action of a plugin, run in this process: its config.yaml, its entry point, its client, its result."""

from __future__ import annotations

from exportkit.running.plugin_config import ActionConfig, PluginConfig, read_plugin_config
from exportkit.running.runner import ActionOutcome, run_action, run_plugin

__all__ = ["ActionConfig", "ActionOutcome", "PluginConfig", "read_plugin_config", "run_action", "run_plugin"]
