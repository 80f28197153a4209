"""A result as plain data, for programs."""

from __future__ import annotations

from typing import Any

import msgspec

from exportkit.conversion.manifest import equations
from exportkit.conversion.result import ConversionResult, OutputResult
from exportkit.writing.ledger import codes_by_class, overlaps_by_code

__all__ = ["conversion_as_data"]


def conversion_as_data(result: ConversionResult) -> dict[str, Any]:
    """The stable ``--json`` form of a conversion."""
    return {
        "status": "partial" if result.has_errors else "complete",
        "exit_code": result.exit_code,
        "dry_run": result.dry_run,
        "directory": str(result.directory),
        "source": result.source,
        "warnings": result.warnings,
        "outputs": [_output_as_data(output) for output in result.outputs],
    }


def _output_as_data(output: OutputResult) -> dict[str, Any]:
    return {
        "name": output.label,
        "format": output.format,
        "path": str(output.path),
        **equations(output.counts),
        "codes": codes_by_class(output.counts),
        "overlaps": overlaps_by_code(output.counts),
        "classes": list(output.classes),
        "splits": output.splits,
        "pictures": output.pictures,
        "files": {"count": output.files, "bytes": output.bytes},
        "check": [msgspec.to_builtins(finding) for finding in output.findings],
        "errors": [msgspec.to_builtins(entry) for entry in output.errors],
    }
