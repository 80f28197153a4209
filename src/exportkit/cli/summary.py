"""The summary of a conversion, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from exportkit.cli.failure import printable

if TYPE_CHECKING:
    from rich.console import Console

    from exportkit.conversion import ConversionResult, OutputResult
    from exportkit.plugins import PluginManager
    from exportkit.writing import Finding

__all__ = ["print_json", "show_conversion"]

_SHOWN_PER_CODE = 20
_SHOWN_CODES = 12
#: Columns of a table that goes to a file or a pipe.
_PLAIN_WIDTH = 110


def print_json(value: dict[str, Any]) -> None:
    """One object on stdout, with the schema of all ``--json`` output."""
    sys.stdout.write(msgspec.json.encode({"schema": "exportkit/1", **value}).decode() + "\n")


def show_conversion(result: ConversionResult, plugins: PluginManager, *, as_json: bool) -> None:
    """Print what was written, what was lost, and what failed."""
    if as_json:
        from exportkit.conversion.report import conversion_as_data

        print_json(conversion_as_data(result))
        return
    from rich.console import Console

    out = Console(highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
    talk = Console(stderr=True, highlight=False)
    for problem in [*plugins.problems, *result.warnings]:
        talk.print(f"warning: {printable(problem)}", markup=False, soft_wrap=True)
    _table(result, out)
    for output in result.outputs:
        _codes(output, out, several=len(result.outputs) > 1)
    _errors(result, talk)
    verb = "Nothing was written (dry run)." if result.dry_run else f"Published {printable(str(result.directory))}"
    out.print(verb, markup=False, soft_wrap=True)


def _table(result: ConversionResult, out: Console) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("dataset")
    for title in ("records", "failed", "seen", "written", "lossy", "skipped", "failed", "files", "check"):
        table.add_column(title, justify="right")
    for output in result.outputs:
        records, annotations = output.counts.records, output.counts.annotations
        table.add_row(
            printable(output.label),
            f"{records['written']:,}",
            f"{records['failed']:,}",
            *(f"{annotations[word]:,}" for word in ("seen", "written", "lossy", "skipped", "failed")),
            f"{output.files:,}",
            _verdict(output),
        )
    out.print(table)


def _verdict(output: OutputResult) -> str:
    warnings = sum(finding.severity == "warn" for finding in output.findings)
    return "passed" if not warnings else f"{warnings} warning{'s' if warnings > 1 else ''}"


def _codes(output: OutputResult, out: Console, *, several: bool) -> None:
    from exportkit.writing.codes import describe

    sums: dict[str, int] = {}
    for (code, _), count in output.counts.codes.items():
        sums[code] = sums.get(code, 0) + count
    title = f"{output.label}: " if several else ""
    for prefix, word in (("L", "lost"), ("S", "skipped"), ("N", "noted"), ("E", "failed")):
        rows = sorted(((n, code) for code, n in sums.items() if code[0] == prefix), key=lambda row: (-row[0], row[1]))
        for count, code in rows[:_SHOWN_CODES]:
            text = f"  {printable(title)}{word} {count:,} × {code}: {describe(code)}{_overlap(output, code)}"
            out.print(text, markup=False, soft_wrap=True)
    _findings(output, out, title)


def _overlap(output: OutputResult, code: str) -> str:
    found = output.counts.overlaps.get(code)
    if found is None or not found.count:
        return ""
    mean = found.total / found.count / 1_000_000
    return f" (IoU on average {mean:.3f}, least {found.least / 1_000_000:.3f}, of {found.count:,} measured)"


def _findings(output: OutputResult, out: Console, title: str) -> None:
    """One line for each code, with its first place."""
    by_code: dict[str, list[Finding]] = {}
    for finding in output.findings:
        by_code.setdefault(finding.code, []).append(finding)
    for code, found in by_code.items():
        first, more = found[0], len(found) - 1
        where = f" ({first.file}{f' and {more:,} more' if more else ''})" if first.file else ""
        text = f"  {title}check {code}{where}: {first.message}"
        out.print(printable(text), markup=False, soft_wrap=True)


def _errors(result: ConversionResult, talk: Console) -> None:
    for output in result.outputs:
        shown: dict[str, int] = {}
        for entry in output.errors:
            shown[entry.code] = shown.get(entry.code, 0) + 1
            if shown[entry.code] > _SHOWN_PER_CODE:
                continue
            text = _sentence(entry.file, entry.line, entry.id, entry.json_path, entry.code, entry.message)
            talk.print(printable(text), markup=False, soft_wrap=True)
        if output.errors and not result.dry_run:
            text = f"All errors of {output.label}: {output.path}/exportkit-errors.jsonl"
            talk.print(printable(text), markup=False, soft_wrap=True)


def _sentence(file: str, line: int, identity: object, path: str | None, code: str, message: str) -> str:
    parts: Iterable[str] = filter(None, (f"{file}:{line}" if file else "", f"record {identity!r}", path or ""))
    return f"{', '.join(parts)}: {code}: {message}"
