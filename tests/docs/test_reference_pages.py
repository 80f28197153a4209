"""The reference pages say what the program has, no more and no less."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exportkit import errors
from exportkit.plugins.hookspecs import ExportkitSpec
from exportkit.plugins.manager import PluginManager
from exportkit.writing.codes import CODES

FORMATS = ("coco", "csv", "voc", "yolo")


def rows(text: str) -> Iterator[list[str]]:
    """Cells of every table row of a page, heads and rules left out."""
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("|---"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def section(text: str, heading: str) -> str:
    """Text between one ``##`` heading and the next."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


# -- codes -------------------------------------------------------------------------------------------------


def test_the_page_of_codes_is_the_table_of_codes(checkout: Path) -> None:
    page = (checkout / "docs/reference/codes.md").read_text(encoding="utf-8")
    written = [tuple(cell.strip("`") for cell in row) for row in rows(page) if row[0].startswith("`")]
    expected = [
        (code.word, code.severity or "", code.meaning)
        if code.effect == "finding"
        else (code.word, code.scope, code.meaning, code.audit or "")
        for code in CODES.values()
    ]
    assert sorted(written) == sorted(expected)


def test_every_code_that_a_page_names_exists(checkout: Path) -> None:
    pages = [checkout / "README.md", *checkout.glob("docs/**/*.md")]
    named = {
        (page.name, word)
        for page in pages
        for word in re.findall(r"`([ELSNC]_[A-Z0-9_]*[A-Z0-9])`", page.read_text(encoding="utf-8"))
    }
    own = tuple(f"_{name.upper()}_" for name in (*FORMATS, "boxlist", "myfmt"))
    unknown = {(page, word) for page, word in named if word not in CODES}
    assert {(page, word) for page, word in unknown if word[1:].startswith(own) and word[0] != "C"} == unknown


# -- exit codes --------------------------------------------------------------------------------------------


def test_every_exit_code_stands_on_its_page(checkout: Path) -> None:
    page = (checkout / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    written = {int(row[0]) for row in rows(page) if row[0].isdigit()}
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    raised = {kind.exit_code for kind in kinds if issubclass(kind, errors.ExportkitError)}
    assert written == {*range(11), 130, 143}
    assert raised <= written


# -- hooks -------------------------------------------------------------------------------------------------


def hooks() -> dict[str, str]:
    """Each hook with its signature as the page writes it."""
    found = {}
    for name, function in inspect.getmembers(ExportkitSpec, inspect.isfunction):
        signature = inspect.signature(function)
        shown = signature.replace(parameters=[p for n, p in signature.parameters.items() if n != "self"])
        found[name] = f"{name}{shown}".replace("'", "")
    return found


def test_every_hook_stands_on_its_page_with_its_signature(checkout: Path) -> None:
    page = (checkout / "docs/reference/hooks.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### `(.+)`$", page, flags=re.MULTILINE)
    assert sorted(headings) == sorted(hooks().values())


# -- command line ------------------------------------------------------------------------------------------


def program() -> Any:
    """The program as a tree of commands. Its classes are those of the click that typer brings along."""
    import typer.main

    from exportkit.cli.main import app

    return typer.main.get_command(app)


def long_options(command: Any) -> set[str]:
    """Long names of the options that a person sees; ``--help`` is everywhere and said once."""
    visible = (p for p in command.params if p.param_type_name == "option" and not getattr(p, "hidden", False))
    return {name for option in visible for name in option.opts if name.startswith("--")} - {"--help"}


def documented_options(text: str) -> set[str]:
    cells = (row[0] for row in rows(text) if row[0].startswith("`--") and not row[0].startswith("`--input`"))
    return {name for cell in cells for name in re.findall(r"--[a-z-]+", cell)} - {"--help"}


def test_every_command_stands_on_the_page_and_no_other(checkout: Path) -> None:
    page = (checkout / "docs/reference/command-line.md").read_text(encoding="utf-8")
    commands = {name for name, command in program().commands.items() if not command.hidden}
    assert set(re.findall(r"^## exportkit (\S+)$", page, flags=re.MULTILINE)) == commands


_COMMANDS = ("convert", "inspect", "check", "verify", "formats", "plugins", "run", "new", "demo", "serve")


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_options_of_a_command_are_those_on_the_page(checkout: Path, name: str) -> None:
    page = (checkout / "docs/reference/command-line.md").read_text(encoding="utf-8")
    assert documented_options(section(page, f"exportkit {name}")) == long_options(program().commands[name])


def test_the_options_of_the_program_are_those_on_the_page(checkout: Path) -> None:
    page = (checkout / "docs/reference/command-line.md").read_text(encoding="utf-8")
    assert documented_options(section(page, "exportkit")) == long_options(program())


def test_the_input_options_are_those_on_the_page(checkout: Path) -> None:
    from exportkit.normalize.options import InputOptions

    page = (checkout / "docs/reference/command-line.md").read_text(encoding="utf-8")
    table = section(page, "exportkit convert").split("| `--input` |")[1]
    assert {row[0].strip("`") for row in rows(table)} - {"Values"} == set(InputOptions.model_fields)


# -- formats -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_the_options_of_a_format_are_those_on_its_page(checkout: Path, name: str) -> None:
    (entry,) = PluginManager.load().writers()[name]
    page = (checkout / f"docs/reference/formats/{name}.md").read_text(encoding="utf-8")
    table = {row[0].strip("`") for row in rows(section(page, "Options"))} - {"Option"}
    assert table == set(entry.cls.options_model.model_fields)


@pytest.mark.parametrize("name", FORMATS)
def test_every_code_that_a_format_declares_is_one_of_ours(name: str) -> None:
    (entry,) = PluginManager.load().writers()[name]
    assert set(entry.cls.kinds.values()) - {"written"} <= set(CODES)
