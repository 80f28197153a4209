"""``exportkit check``: would its consumer take it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

__all__ = ["check"]


def check(
    path: Annotated[Path, typer.Argument(help="A dataset of any origin, or an annotation file.", show_default=False)],
    format: Annotated[Optional[str], typer.Option("--format", help="Format, where the layout does not tell.")] = None,  # noqa: A002, UP045
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """Check a dataset by the rules of its consumers. Exit 0 with warnings only, 4 with errors."""
    import sys

    import msgspec

    from exportkit.cli.failure import printable
    from exportkit.cli.summary import print_json
    from exportkit.conversion import check_dataset
    from exportkit.plugins import PluginManager

    results = check_dataset(path, PluginManager.load(), format)
    failed = any(finding.severity == "error" for result in results for finding in result.findings)
    if as_json:
        print_json({"passed": not failed, "datasets": [msgspec.to_builtins(result) for result in results]})
        return 4 if failed else 0
    for result in results:
        for finding in result.findings:
            place = f"{finding.file}:{finding.line}" if finding.line else finding.file
            where = " ".join(filter(None, (place, finding.json_path))) or "dataset"
            by = f" [{finding.consumer}]" if finding.consumer else ""
            text = f"{finding.severity} {finding.code} {where}: {finding.message}{by}"
            sys.stdout.write(printable(text) + "\n")
        errors = sum(finding.severity == "error" for finding in result.findings)
        warnings = len(result.findings) - errors
        verdict = "passed" if not result.findings else f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
        sys.stdout.write(printable(f"{result.path}: {result.format}: {verdict}") + "\n")
    return 4 if failed else 0


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
