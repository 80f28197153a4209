"""What a person sees on stderr, and what a machine reads there."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from exportkit.runtime import BaseLogger, ConsoleLogger, JsonLinesLogger, LogLevel, TqdmLogger


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def talk(logger: BaseLogger) -> None:
    logger.set_step("save")
    logger.info("hello")
    logger.warning("careful")
    logger.debug("inside")
    logger.log(LogLevel.INFO, "checkpoint", {"epoch": 5})
    logger.log(LogLevel.INFO, "export_data_file", {"target_id": 1, "status": "success"})
    logger.log(LogLevel.INFO, "export_data_file", {"target_id": 2, "status": "failed"})
    for number in range(11):
        logger.set_progress(number, 10)
    logger.finish()


def test_plain_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    talk(ConsoleLogger(stream))
    assert stream.getvalue().splitlines() == [
        "save: hello",
        "warning: save: careful",
        'save: checkpoint {"epoch": 5}',
        'save: export_data_file {"target_id": 2, "status": "failed"}',
    ]


def test_quiet_leaves_warnings_and_debug_shows_all() -> None:
    quiet, everything = io.StringIO(), io.StringIO()
    talk(ConsoleLogger(quiet, quiet=True))
    talk(ConsoleLogger(everything, debug=True))
    assert quiet.getvalue().splitlines() == ["warning: save: careful"]
    assert len(everything.getvalue().splitlines()) == 6


def test_stdout_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    talk(ConsoleLogger())
    out, err = capsys.readouterr()
    assert out == ""
    assert "hello" in err


@pytest.mark.parametrize("kind", [ConsoleLogger, TqdmLogger])
def test_bars_on_a_terminal(kind: type[ConsoleLogger], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    logger = kind(stream)
    talk(logger)
    assert "hello" in stream.getvalue()
    assert "100%" in stream.getvalue()
    assert logger.lost_entries == 0


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["file", "terminal"])
def test_names_in_the_data_steer_no_terminal_and_forge_no_line(stream: io.StringIO) -> None:
    logger = ConsoleLogger(stream)
    logger.info("a\x1b]0;owned\x07b\nerror: forged [bold]x[/bold] \u202e")
    text = stream.getvalue()
    assert "\x1b]0" not in text
    assert "\u202e" not in text
    assert "\nerror: forged" not in text
    assert "[bold]x[/bold]" in text


def test_json_lines_hold_log_progress_and_metrics() -> None:
    stream = io.StringIO()
    logger = JsonLinesLogger(stream)
    logger.set_step("save")
    logger.info("작업\nx")
    logger.set_progress(1, 4)
    logger.set_metrics({"success": 1})
    logger.log(LogLevel.INFO, "odd", {"value": object})
    lines: list[dict[str, Any]] = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["message", "progress", "metrics", "odd"]
    assert lines[0]["data"] == {"content": "작업\nx"}
    assert lines[1]["data"]["percent"] == 25.0
    assert {line["step"] for line in lines} == {"save"}


def test_a_broken_stream_fails_nobody() -> None:
    stream = io.StringIO()
    stream.close()
    logger = JsonLinesLogger(stream)
    logger.info("x")
    assert logger.lost_entries == 1
