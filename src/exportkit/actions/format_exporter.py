"""The exporter that writes datasets and nothing else: what ``exportkit run export`` runs without a plugin."""

from __future__ import annotations

from typing import ClassVar

from exportkit.actions.exporter import BaseExporter
from exportkit.actions.format_tail import FormatTail
from exportkit.actions.tail import ExportTail

__all__ = ["FormatExporter"]


class FormatExporter(BaseExporter):
    """Writes ``format`` or ``formats`` of the params: each a complete, checked dataset.

    A subclass may override ``convert_data`` (and what stands around it): a mapping with ``data`` is written as an item
    with that payload, any other mapping is the payload itself.
    """

    label_output_dirname: ClassVar[str | None] = None
    sdk_managed_original_files: ClassVar[bool] = False
    finalize_empty_export: ClassVar[bool] = True
    tail: ClassVar[type[ExportTail] | None] = FormatTail
