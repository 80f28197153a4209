"""Exporters."""

from __future__ import annotations

from exportkit.actions import BaseExporter, ExporterRunAdapter, MetricsRecord

__all__ = ["BaseExporter", "ExporterRunAdapter", "MetricsRecord"]
