"""``exportkit inspect``: what is in a bundle?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

if TYPE_CHECKING:
    from exportkit.conversion.inspection import Inspection

__all__ = ["inspect"]


def inspect(
    bundle: Annotated[Path, typer.Argument(help="Folder of a raw bundle, or one .jsonl file.", show_default=False)],
    target: Annotated[
        Optional[Literal["task", "assignment", "ground_truth"]],  # noqa: UP045
        typer.Option(help="Only this target."),
    ] = None,
    input: Annotated[  # noqa: A002 - the option's word
        list[str], typer.Option("--input", help="How the source is to be read: key=value,…")
    ] = [],  # noqa: B006 - typer copies it
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 chooses.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> int:
    """Count records, classes, kinds and sizes. Problems come with their lines, and every part is judged."""
    import msgspec

    from exportkit.cli.console import progress
    from exportkit.cli.requests import input_options
    from exportkit.cli.summary import print_json
    from exportkit.conversion import inspect_bundle
    from exportkit.plugins import PluginManager

    options = input_options(input)
    with progress(quiet=quiet or as_json) as advance:
        found = inspect_bundle(bundle, target, options, PluginManager.load(), workers, advance)
    if as_json:
        print_json({"targets": [msgspec.to_builtins(inspection) for inspection in found]})
    else:
        for inspection in found:
            _show(inspection)
    return 0


def _show(found: Inspection) -> None:
    from rich.console import Console

    from exportkit.cli.failure import printable

    out = Console(highlight=False)

    def say(text: str) -> None:
        out.print(printable(text), markup=False, soft_wrap=True)

    say(f"target {found.target}: {found.records:,} records, {found.annotations:,} annotations, {found.lines:,} lines")
    for title, table in (("media", found.media), ("splits", found.splits), ("kinds", found.kinds)):
        if table:
            say(f"  {title}: " + ", ".join(f"{name} {count:,}" for name, count in table.items()))
    if found.classes:
        shown = list(found.classes.items())[:20]
        more = f" … and {len(found.classes) - 20} more" if len(found.classes) > 20 else ""
        say(f"  classes ({len(found.classes)}): " + ", ".join(f"{n} {c:,}" for n, c in shown) + more)
    if found.sizes:
        say(
            f"  sizes: {found.sizes['smallest']} to {found.sizes['largest']} pixels, {found.sizes['unknown']:,} unknown"
        )
    for code, count in found.codes.items():
        say(f"  {count:,} × {code}")
    for problem in found.problems:
        where = f"{problem.file}:{problem.line}, record {problem.id!r}, {problem.json_path}"
        say(f"  {where}: {problem.code}: {problem.message}")
