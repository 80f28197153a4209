"""``exportkit new``: a small working plugin with its test, to start from."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Annotated, Literal

import typer

__all__ = ["new"]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*\Z")
_SUFFIX = ".tmpl"


def new(
    what: Annotated[Literal["exporter", "format"], typer.Argument(help="An export action, or an output format.")],
    name: Annotated[str, typer.Argument(help="Its name: lower-case letters, digits, '-' and '_'.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the plugin; by default one of its name.")
    ] = None,
) -> int:
    """Write a small plugin that works, with its test.

    Example: exportkit new format boxlist
    """
    from exportkit.errors import UsageError
    from exportkit.storage.refusals import refusals_of, shown

    if not _NAME.match(name) or len(name) > 60:
        raise UsageError(
            f"{name[:80]!a} is no name for a plugin; use lower-case letters and digits, joined by '-' or '_'."
        )
    folder = output if output is not None else Path(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{shown(folder)} is there already; choose another folder with -o.")
    words = _words(what, name)
    with refusals_of("write", folder):
        _copy(files("exportkit.cli") / "new_plugin" / what, folder, words)
    print(f"{what} {name} stands in {folder}; its README.md tells how to try it.")  # noqa: T201 - the result
    return 0


def _words(what: str, name: str) -> dict[str, str]:
    plain = name.replace("-", "_")
    title = " ".join(part.capitalize() for part in plain.split("_"))
    ending = "Exporter" if what == "exporter" else "Writer"
    cls = title.replace(" ", "")
    return {
        "name": name,
        "code": plain if what == "exporter" else name,
        "title": title,
        "package": f"exportkit_{plain}",
        "cls": cls if cls.endswith(ending) else cls + ending,
    }


def _copy(source: Traversable, target: Path, words: dict[str, str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir():
            _copy(entry, target / (words["package"] if entry.name == "package" else entry.name), words)
        elif entry.name.endswith(_SUFFIX):
            text = Template(entry.read_text(encoding="utf-8")).substitute(words)
            (target / entry.name.removesuffix(_SUFFIX)).write_text(text, encoding="utf-8")
