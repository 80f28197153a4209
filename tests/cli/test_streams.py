"""Results on stdout, talk on stderr; nothing from the input moves a terminal's cursor (reliability, 10, 12)."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.conversion.workbench import Workbench, box, item, png

HOSTILE = "evil\x1b]0;owned\x07\x1b[2J\x1b[31m[bold]red[/bold]\u202egnp.\u009b5m\r\n"
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def _hostile(bench: Workbench) -> Path:
    """A bundle whose labels, names, ids and values are hostile to terminals."""
    lines = [
        item(1, box(HOSTILE), box(HOSTILE.upper()), file="files/1/a.png"),
        item(HOSTILE, box(HOSTILE, width=0)),
        item(3, box(), name=HOSTILE),
        item(4, {"category": "cat", "bbox": HOSTILE}),
        item(5, box(), files_manifest={HOSTILE: {"bundle_path": HOSTILE}}),
        item(6, box(x=35), attributes={HOSTILE: HOSTILE}),
        item(7, {"category": "c", "type": HOSTILE}),
        item(8, box(), split=HOSTILE),
    ]
    return bench.bundle(lines, {"files/1/a.png": png()})


def _on_a_terminal(words: list[str], env: Mapping[str, str]) -> bytes:
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "exportkit", *words], stdin=side, stdout=side, stderr=side, env=dict(env)
    )
    os.close(side)
    shown = b""
    while True:
        ready, _, _ = select.select([main], [], [], 60)
        assert ready, "the program hangs"
        try:
            data = os.read(main, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(main)
    assert process.wait(60) in {0, 3, 4}, shown
    return shown


@pytest.mark.parametrize("command", ["convert", "inspect"])
def test_hostile_names_reach_a_terminal_as_escapes_only(bench: Workbench, command: str) -> None:
    words = [command, str(_hostile(bench))]
    if command == "convert":
        words += ["--to", "coco", "--to", "csv", "-o", str(bench.out)]
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    env.pop("NO_COLOR", None)

    shown = _on_a_terminal(words, env)

    rest = ESCAPES.sub(b"", shown.replace(b"\r\n", b"\n"))
    assert b"\x1b]" not in shown
    assert b"\x1b[2J" not in shown
    assert b"\x1b" not in rest
    assert b"\x07" not in rest
    assert "\u009b".encode() not in rest
    assert "\u202e".encode() not in rest
    assert b"evil" in rest


def test_no_color_is_obeyed(bench: Workbench) -> None:
    words = ["convert", str(_hostile(bench)), "--to", "coco", "-o", str(bench.out)]

    shown = _on_a_terminal(words, {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1"})

    assert not re.search(rb"\x1b\[[0-9;]*[3-4][0-9]m", shown)


@pytest.mark.parametrize("words", [["formats"], ["plugins"], ["formats", "coco"]])
def test_lists_have_no_colour_on_a_dumb_terminal(words: list[str]) -> None:
    assert b"\x1b[3" not in _on_a_terminal(words, {**os.environ, "TERM": "dumb"})


def test_a_summary_goes_to_stdout_and_talk_to_stderr(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box()), item(2, box(width=0))])

    run = bench.program("convert", bundle, "--to", "coco", "-o", bench.out)

    assert run.returncode == 3
    assert "coco" in run.stdout
    assert str(bench.out) in run.stdout.replace("\n", "")
    assert "E_BOX_ZERO_AREA" in run.stderr
    assert "task/part-00001.jsonl:2" in run.stderr


def test_json_is_exactly_one_object_on_stdout(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box()), item(2, box(width=0))])

    run = bench.program("convert", bundle, "--to", "coco", "--to", "voc", "-o", bench.out, "--json")

    assert run.returncode == 3
    assert run.stderr == ""
    assert run.stdout.count("\n") == 1
    assert run.stdout.startswith('{"schema":"exportkit/1"')


def test_at_most_twenty_errors_of_one_code_are_shown_and_all_are_listed(bench: Workbench) -> None:
    run = bench.program(
        "convert", bench.bundle([item(n, box(width=0)) for n in range(1, 60)]), "--to", "coco", "-o", bench.out
    )

    assert run.returncode == 3, run.stderr
    assert run.stderr.count("E_BOX_ZERO_AREA: ") == 20
    assert len(bench.errors()) == 59


@pytest.mark.parametrize("words", [["formats"], ["convert", "--help"], ["convert"]])
def test_a_closed_pipe_is_no_traceback(bench: Workbench, words: list[str]) -> None:
    if words == ["convert"]:
        words = ["convert", str(bench.pictures(*range(1, 9))), "--to", "coco", "-o", str(bench.out)]
    command = " ".join(["exec", sys.executable, "-m", "exportkit", *words])
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        ["sh", "-c", command], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(writer)

    assert "Traceback" not in process.stderr
    assert "Exception ignored" not in process.stderr
    assert "defect" not in process.stderr
