"""What an export needs of its items, as plugins and exporter say."""

from __future__ import annotations

from typing import Any

from exportkit.actions.formats import asks_for_formats, requested_formats
from exportkit.plugins import PluginManager
from exportkit.writing import AcquisitionNeeds, AcquisitionRequest

__all__ = ["acquisition_needs"]


def acquisition_needs(context: Any) -> AcquisitionNeeds:
    """What plugins and exporter need of the items, asked once a run."""
    params = context.params
    merged = {**(context.config or {}), **(params.get("extra_params") or {}), **params}
    plugins = PluginManager.load()
    formats: tuple[str, ...] = ()
    if asks_for_formats(merged):
        formats = tuple(output.writer.name for output in requested_formats(merged, plugins))
    keeps = bool(params.get("save_original_file", True))
    return plugins.acquisition_needs(AcquisitionRequest(params.get("target", "task"), formats, keeps))
