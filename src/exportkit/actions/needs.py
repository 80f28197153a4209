"""What an export needs of its items, as plugins and exporter say."""

from __future__ import annotations

from typing import Any

from exportkit.actions.formats import asks_for_formats, requested_formats
from exportkit.actions.layers import merged_layers
from exportkit.actions.run_plugins import run_plugins
from exportkit.writing import AcquisitionNeeds, AcquisitionRequest

__all__ = ["acquisition_needs"]


def acquisition_needs(context: Any) -> AcquisitionNeeds:
    """What plugins and exporter need of the items, asked once a run."""
    params, merged, plugins = context.params, merged_layers(context), run_plugins()
    formats: tuple[str, ...] = ()
    if asks_for_formats(merged):
        formats = tuple(output.writer.name for output in requested_formats(merged, plugins))
    keeps = bool(params.get("save_original_file", True))
    return plugins.acquisition_needs(AcquisitionRequest(params.get("target", "task"), formats, keeps))
