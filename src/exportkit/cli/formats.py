"""``exportkit formats``: what can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from exportkit.plugins import PluginManager
    from exportkit.plugins.listing import FormatEntry, OptionEntry
    from exportkit.writing.kind_table import KindRow

__all__ = ["formats"]

_GROUPS = (("keeps", "written"), ("degrades", "lossy"), ("drops", "skipped"), ("fails", "failed"))


def formats(
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="[NAME[:key=value,…]]", help="Show one format: what it keeps, degrades and drops, and its options."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """List the formats that are installed, with their kinds, options and owners."""
    import msgspec

    from exportkit.cli.summary import print_json
    from exportkit.plugins import PluginManager
    from exportkit.plugins.listing import formats as listed

    manager = PluginManager.load()
    found = listed(manager)
    if name is None:
        if as_json:
            print_json({"formats": [msgspec.to_builtins(entry) for entry in found]})
        else:
            _show_all(found)
        return 0
    wanted = manager.writer(name.partition(":")[0])
    (entry,) = (f for f in found if (f.name, f.distribution) == (wanted.name, wanted.distribution))
    rows = _rows(name, manager)
    if as_json:
        table = [{"kind": row.title, "status": row.status, "codes": row.codes} for row in rows]
        print_json({"formats": [{**msgspec.to_builtins(entry), "table": table}]})
    else:
        _show_one(entry, rows)
    return 0


def _rows(name: str, manager: PluginManager) -> list[KindRow]:
    """What the writer does with one sample of each kind; nothing where it does not get along with the samples."""
    from exportkit.conversion.output_words import output_requests
    from exportkit.errors import UsageError
    from exportkit.writing.kind_table import kind_rows

    (request,) = output_requests([name], manager)
    try:
        return kind_rows(request.writer, request.options)
    except UsageError:
        raise
    except Exception:  # noqa: BLE001 - a plugin's defect must not hide its options
        return []


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


def _show_one(entry: FormatEntry, rows: list[KindRow]) -> None:
    from rich.console import Console

    from exportkit.records import KINDS
    from exportkit.writing.codes import describe

    out = Console(highlight=False)
    out.print(f"{entry.name}: {entry.summary}\nowner: {entry.distribution} {entry.version}", markup=False)
    out.print("\nkinds", markup=False)
    for title, wanted in _GROUPS:
        own = [row for row in rows if row.status == wanted]
        if own:
            out.print(f"  {title}", markup=False)
        for row in own:
            text = "; ".join(f"{code}: {describe(code)}" for code in row.codes) or "whole"
            out.print(f"    {row.title:36} {text}", markup=False, soft_wrap=True)
    for kind in () if rows else KINDS:
        word = entry.kinds.get(kind, "S_KIND_UNSUPPORTED")
        text = "written" if word == "written" else f"{word}: {describe(word)}"
        out.print(f"  {kind:12} {text}", markup=False, soft_wrap=True)
    out.print("\noptions (--to NAME:key=value,…)" if entry.options else "\nno options", markup=False)
    for option in entry.options:
        told = filter(None, (_default(option), *(f"acts with {word}" for word in option.acts_in)))
        facts = "; ".join(told)
        out.print(
            f"  {option.name}={option.type}{f' ({facts})' if facts else ''} {option.description}",
            markup=False,
            soft_wrap=True,
        )


def _default(option: OptionEntry) -> str:
    """``required``, ``default join``; nothing for an option that is absent by default."""
    if option.required:
        return "required"
    if isinstance(option.default, bool):
        return f"default {'yes' if option.default else 'no'}"
    return "" if option.default in (None, "", []) else f"default {option.default}"
