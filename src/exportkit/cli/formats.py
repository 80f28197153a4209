"""``exportkit formats``: what can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from exportkit.plugins.listing import FormatEntry

__all__ = ["formats"]


def formats(
    name: Annotated[Optional[str], typer.Argument(help="Show one format with its kinds and options.")] = None,  # noqa: UP045
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """List the formats that are installed, with their kinds, options and owners."""
    import msgspec

    from exportkit.cli.summary import print_json
    from exportkit.plugins import PluginManager
    from exportkit.plugins.listing import formats as listed

    manager = PluginManager.load()
    if name is not None:
        wanted = manager.writer(name)
        found = [f for f in listed(manager) if (f.name, f.distribution) == (wanted.name, wanted.distribution)]
    else:
        found = listed(manager)
    if as_json:
        print_json({"formats": [msgspec.to_builtins(entry) for entry in found]})
    elif name is None:
        _show_all(found)
    else:
        _show_one(found[0])
    return 0


def _show_all(found: list[FormatEntry]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("format", "owner", "what it is", "options"):
        table.add_column(title)
    for entry in found:
        options = ", ".join(option.name for option in entry.options)
        table.add_row(entry.spec, f"{entry.distribution} {entry.version}", escape(entry.summary), escape(options))
    Console(highlight=False).print(table)


def _show_one(entry: FormatEntry) -> None:
    from rich.console import Console

    from exportkit.records import KINDS
    from exportkit.writing.codes import describe

    out = Console(highlight=False)
    out.print(f"{entry.name}: {entry.summary}\nowner: {entry.distribution} {entry.version}", markup=False)
    out.print("\nkinds", markup=False)
    for kind in KINDS:
        word = entry.kinds.get(kind, "S_KIND_UNSUPPORTED")
        text = "written" if word == "written" else f"{word}: {describe(word)}"
        out.print(f"  {kind:12} {text}", markup=False, soft_wrap=True)
    out.print("\noptions (--to NAME:key=value,…)" if entry.options else "\nno options", markup=False)
    for option in entry.options:
        default = "required" if option.required else f"default {option.default}"
        out.print(f"  {option.name}={option.type} ({default}) {option.description}", markup=False, soft_wrap=True)
