"""``exportkit plugins``: who is installed, and what is wrong with whom."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["plugins"]


def plugins(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """List the plugins with their owners. Broken and blocked ones stand there with the reason."""
    import msgspec

    from exportkit.cli.failure import printable
    from exportkit.cli.summary import print_json
    from exportkit.plugins import PluginManager
    from exportkit.plugins.listing import plugins as listed

    manager = PluginManager.load()
    found = listed(manager)
    if as_json:
        print_json({"plugins": [msgspec.to_builtins(entry) for entry in found], "problems": manager.problems})
        return 0
    from rich.console import Console

    out = Console(highlight=False)
    for entry in found:
        registered = "; ".join(f"{role}: {', '.join(names)}" for role, names in sorted(entry.registers.items()))
        hooks = f"; hooks: {', '.join(entry.hooks)}" if entry.hooks else ""
        text = f"{entry.name} {entry.version}: {entry.status}"
        detail = entry.reason or f"{registered}{hooks}"
        out.print(printable(f"{text}{': ' if detail else ''}{detail}"), markup=False, soft_wrap=True)
    return 0
