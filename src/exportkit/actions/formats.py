"""The formats that params ask for: ``format: coco``, or ``formats: [coco, {name: yolo, task: segment}]``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exportkit.conversion import OutputRequest
from exportkit.conversion.output_words import output_request, output_requests, refuse_twins
from exportkit.errors import UsageError
from exportkit.plugins import PluginManager

__all__ = ["asks_for_formats", "requested_formats"]


def asks_for_formats(params: Mapping[str, Any]) -> bool:
    """Whether the params choose writers; ``raw_bundle_v1`` is an older word for how a bundle is laid out."""
    return bool(params.get("formats")) or params.get("format") not in {None, "", "raw_bundle_v1"}


def requested_formats(params: Mapping[str, Any], plugins: PluginManager) -> tuple[OutputRequest, ...]:
    """One request for each format, in the order in which they are named. Raises UsageError with the key."""
    wanted = params.get("formats")
    if wanted is None:
        wanted = [params.get("format")]
    elif params.get("format") not in {None, "raw_bundle_v1"}:
        raise UsageError("The params hold both 'format' and 'formats'; keep one of them.")
    if not isinstance(wanted, list) or not wanted:
        raise UsageError('The param \'formats\' must be a list of formats, for example ["coco", "yolo"].')
    key = "format" if params.get("formats") is None else "formats"
    requests = tuple(
        _request(entry, plugins, f"The param {key!r}" + (f", entry {number}" if key == "formats" else ""))
        for number, entry in enumerate(wanted, 1)
    )
    refuse_twins(request.label for request in requests)
    return requests


def _request(entry: Any, plugins: PluginManager, where: str) -> OutputRequest:
    if isinstance(entry, str) and entry:
        (request,) = output_requests([entry], plugins)
        return request
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str) or not entry["name"]:
        raise UsageError(f"{where}: give the name of a format, or a map with its name and options.")
    options = {key: value for key, value in entry.items() if key != "name"}
    return output_request(entry["name"], options, plugins, where)
