"""``exportkit formats``: what can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from exportkit.plugins import PluginManager
    from exportkit.plugins.listing import FormatEntry, OptionEntry
    from exportkit.writing.kind_table import KindRow

__all__ = ["formats"]

#: Columns of a table that goes to a file or a pipe.
_WIDE = 240


def formats(
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="[NAME[:key=value,…]]", help="Show one format: what it keeps, degrades and drops, and its options."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """List the installed formats with kinds, options and owners."""
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
    spec, _, words = name.partition(":")
    wanted = manager.writer(spec)
    (entry,) = (f for f in found if (f.name, f.distribution) == (wanted.name, wanted.distribution))
    tables = _tables(spec, (words,) if words else wanted.cls.variants, manager)
    if as_json:
        plain = {words: _plain(rows) for words, rows in tables.items()}
        print_json({"formats": [{**msgspec.to_builtins(entry), "tables": plain}]})
    else:
        _show_one(entry, tables)
    return 0


def _tables(spec: str, variants: Sequence[str], manager: PluginManager) -> dict[str, list[KindRow]]:
    """For each choice of options what the writer does with one sample of each kind.

    Nothing where it does not get along with the samples: a plugin's defect must not hide its options.
    """
    from exportkit.conversion.output_words import output_requests
    from exportkit.errors import UsageError
    from exportkit.writing.kind_table import kind_rows

    tables = {}
    for words in variants:
        (request,) = output_requests([f"{spec}:{words}"], manager)
        try:
            tables[words] = kind_rows(request.writer, request.options)
        except UsageError:
            raise
        except Exception:  # noqa: BLE001 - see above
            return {}
    return tables


def _plain(rows: Sequence[KindRow]) -> list[dict[str, object]]:
    return [{"kind": row.title, "status": row.status, "codes": row.codes} for row in rows]


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


def _show_one(entry: FormatEntry, tables: dict[str, list[KindRow]]) -> None:
    import sys

    from rich.console import Console

    from exportkit.records import KINDS
    from exportkit.writing.codes import describe

    out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
    out.print(f"{entry.name}: {entry.summary}\nowner: {entry.distribution} {entry.version}", markup=False)
    codes = dict.fromkeys(code for rows in tables.values() for row in rows for code in row.codes)
    if tables:
        out.print(_kind_table(tables))
    else:
        known = {kind: entry.kinds.get(kind, "S_KIND_UNSUPPORTED") for kind in KINDS}
        codes = dict.fromkeys(word for word in known.values() if word != "written")
        for kind, word in known.items():
            out.print(f"  {kind:12} {word}", markup=False)
    for code in sorted(codes):
        out.print(f"  {code}: {describe(code)}", markup=False, soft_wrap=True)
    out.print("\noptions (--to NAME:key=value,…)" if entry.options else "\nno options", markup=False)
    for option in entry.options:
        acts = f"acts with {' and '.join(option.acts_in)}" if option.acts_in else ""
        facts = "; ".join(filter(None, (_default(option), acts)))
        out.print(
            f"  {option.name}={option.type}{f' ({facts})' if facts else ''} {option.description}",
            markup=False,
            soft_wrap=True,
        )


def _kind_table(tables: dict[str, list[KindRow]]) -> Table:
    """A line for each kind, a column for each choice of options."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("kind", overflow="fold")
    for words in tables:
        table.add_column(words or "default", overflow="fold")
    for rows in zip(*tables.values(), strict=True):
        table.add_row(rows[0].title, *(row.word for row in rows))
    return table


def _default(option: OptionEntry) -> str:
    """``required``, ``default join``; nothing for an option that is absent by default."""
    if option.required:
        return "required"
    if isinstance(option.default, bool):
        return f"default {'yes' if option.default else 'no'}"
    return "" if option.default in (None, "", []) else f"default {option.default}"
