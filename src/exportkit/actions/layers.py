"""Where a setting of an export may stand, in the order in which the places count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["merged_layers", "setting_layers"]


def setting_layers(context: Any) -> tuple[Mapping[str, Any], ...]:
    """The params of an export context, their ``extra_params``, and the config of the action."""
    params = context.params
    return params, params.get("extra_params") or {}, context.config or {}


def merged_layers(context: Any) -> dict[str, Any]:
    """Each setting from the first place that has a value for it; None is no value."""
    merged: dict[str, Any] = {}
    for layer in reversed(setting_layers(context)):
        merged |= {key: value for key, value in layer.items() if value is not None}
    return merged
