"""Asking what there is costs next to nothing, and shows every command with a whole sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.running.plugins import exportkit

#: What only commands at work need; help that loads one of them takes twice the time.
LATER = {"rich", "msgspec", "pluggy", "asyncio"}
COMMANDS = ["convert", "inspect", "check", "verify", "formats", "plugins", "run", "new", "demo", "serve", "plugin run"]


@pytest.mark.parametrize(("words", "later"), [("", LATER | {"pydantic"}), *((words, LATER) for words in COMMANDS)])
def test_help_loads_nothing_that_only_work_needs(words: str, later: set[str]) -> None:
    code = (
        "import sys\nfrom exportkit.cli.main import main\n"
        f"try:\n    main([*{words.split()!r}, '--help'])\n"
        f"except SystemExit:\n    sys.stderr.write(str(sorted(set(sys.modules) & {later!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: ")
    assert done.stderr == "[]"


def test_every_command_is_listed_with_a_whole_sentence() -> None:
    listed = exportkit("--help").out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in listed] == [*COMMANDS[:-1], "plugin"]
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)
