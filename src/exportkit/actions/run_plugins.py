"""The plugins of this process, for every part of a run that asks them."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

from exportkit.plugins import PluginManager

__all__ = ["run_plugins"]


def run_plugins() -> PluginManager:
    """Everything that is installed but what the environment blocks; loaded once, unless either changes."""
    return _loaded(os.environ.get("EXPORTKIT_BLOCK_PLUGINS", ""), tuple(sys.path))


@lru_cache(maxsize=4)
def _loaded(blocked: str, path: tuple[str, ...]) -> PluginManager:  # noqa: ARG001 - what is loaded depends on both
    return PluginManager.load()
