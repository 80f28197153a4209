"""The pages about settings, messages and rooms say what the program has."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from tests.docs.test_samples import environment, play, samples

from exportkit.runtime import KNOBS, ExportLogMessageCode, resolve_log_message


def rows(page: Path) -> list[list[str]]:
    """Cells of the table rows that begin with a word in code."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| `")]


def test_the_page_of_settings_is_the_table_of_knobs(checkout: Path) -> None:
    def shown(value: object) -> str:
        return "—" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"

    assert rows(checkout / "docs/reference/settings.md") == [
        [f"`{knob.name}`", knob.takes, shown(knob.default), shown(knob.field), shown(knob.variable)]
        for knob in KNOBS.values()
    ]


def test_the_page_of_messages_is_the_table_of_messages(checkout: Path) -> None:
    assert rows(checkout / "docs/reference/messages.md") == [
        [f"`{code}`", code.level.value, resolve_log_message(code, "en")[0], resolve_log_message(code, "ko")[0]]
        for code in ExportLogMessageCode
    ]


def test_the_rooms_on_the_page_are_those_that_the_linter_holds(checkout: Path) -> None:
    page = (checkout / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    block = page.split("```text\n")[1].split("```")[0]
    told = [re.split(r"\s{2,}", line)[0] for line in block.splitlines()]
    settings = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    assert told == settings["tool"]["importlinter"]["contracts"][0]["layers"]


def test_the_page_about_plugins_of_the_sdk_can_be_followed(checkout: Path, tmp_path: Path) -> None:
    for sample in samples(checkout / "docs/how-to/run-a-synapse-sdk-plugin.md"):
        if sample.role == "file":
            (tmp_path / sample.argument).write_text(sample.text, encoding="utf-8")
        else:
            play(sample, tmp_path)


def test_the_page_about_exports_from_a_backend_can_be_followed(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(checkout / "fixtures" / "bundles" / "seed_tasks", tmp_path / "bundle")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    first, *others = samples(checkout / "docs/how-to/export-from-a-backend.md")
    server = subprocess.Popen(
        ["bash", "-euc", f"exec {first.text}"], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        for line in server.stdout:
            name, _, value = line.strip().removeprefix("export ").partition("=")
            if name.startswith("SYNAPSE_"):
                monkeypatch.setenv(name, value)
            if name == "SYNAPSE_PLUGIN_RUN_TENANT":
                break
        for sample in others:
            play(sample, tmp_path)
    finally:
        server.terminate()
        server.wait(60)
        server.stdout.close()
