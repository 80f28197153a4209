"""Log and progress for a person: bars on a terminal, plain lines otherwise."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from exportkit.runtime.log_level import LogLevel
from exportkit.runtime.logger import BaseLogger
from exportkit.runtime.plain_text import plain_text
from exportkit.runtime.progress import ProgressData

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

__all__ = ["ConsoleLogger", "TqdmLogger"]

#: Events that come once a file: a person sees those that failed.
_PER_FILE = frozenset({"export_original_file", "export_data_file"})
#: Events for programs, whose news a message tells a person as well.
_TOLD_ALREADY = frozenset({"export_info", "export_completed", "export_failed"})
_QUIET_SECONDS = 5.0
_STYLES = {
    LogLevel.SUCCESS: "green",
    LogLevel.WARNING: "yellow",
    LogLevel.DANGER: "red",
    LogLevel.ERROR: "red",
    LogLevel.CRITICAL: "bold red",
}


class ConsoleLogger(BaseLogger):
    """Writes to ``stream``, stderr when none is given: stdout belongs to results.

    ``debug`` shows what is hidden from users, ``quiet`` only warnings and worse. Colour follows the terminal and
    ``NO_COLOR``. Control characters are spelled out, so that no name in the data can steer a terminal.
    """

    def __init__(self, stream: TextIO | None = None, *, debug: bool = False, quiet: bool = False) -> None:
        super().__init__()
        self._stream = stream
        self._debug = debug
        self._quiet = quiet
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, tuple[float, float]] = {}

    def _log_impl(
        self, event: str, data: dict[str, Any], file: str | None, step: str | None, level: LogLevel | None = None
    ) -> None:
        level = level or LogLevel.INFO
        if not self._shown(event, data, level):
            return
        text = str(data.get("content", "")) if event in {"message", "debug"} else f"{event} {_line(data)}"
        self._print(f"{step}: {text}" if step else text, level)

    def _on_progress(self, progress: ProgressData, step: str | None) -> None:
        if self._quiet:
            return
        title = step or "progress"
        with self._lock:
            if self._target.isatty():
                self._draw(title, progress)
            else:
                self._say(title, progress)

    def _on_finish(self) -> None:
        with self._lock:
            if self._bars is not None:
                self._bars.stop()
                self._bars = None

    def _shown(self, event: str, data: dict[str, Any], level: LogLevel) -> bool:
        if self._debug:
            return True
        if event in _TOLD_ALREADY:
            return False
        if level is LogLevel.DEBUG or (event in _PER_FILE and data.get("status") != "failed"):
            return False
        return not self._quiet or level in {LogLevel.WARNING, LogLevel.DANGER, LogLevel.ERROR, LogLevel.CRITICAL}

    def _print(self, text: str, level: LogLevel) -> None:
        line = plain_text(text)
        if level in _STYLES and level is not LogLevel.SUCCESS:
            line = f"{'warning' if level is LogLevel.WARNING else 'error'}: {line}"
        with self._lock:
            if not self._target.isatty():
                self._target.write(line + "\n")
                self._target.flush()
                return
            from rich.text import Text

            console = self._bars.console if self._bars is not None else self._console()
            console.print(Text(line, style=_STYLES.get(level, "")), soft_wrap=True)

    def _draw(self, title: str, progress: ProgressData) -> None:
        if self._bars is None:
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
            self._bars = Progress(*columns, TimeRemainingColumn(), console=self._console(), transient=True)
            self._bars.start()
        if title not in self._tasks:
            self._tasks[title] = self._bars.add_task(plain_text(title), total=100)
        self._bars.update(self._tasks[title], completed=progress.percent)

    def _say(self, title: str, progress: ProgressData) -> None:
        """A line a tenth, at most one in five seconds: short runs say nothing."""
        now = time.monotonic()
        tenth, last = self._said.setdefault(title, (0.0, now))
        if progress.percent // 10 > tenth and now - last >= _QUIET_SECONDS:
            self._said[title] = (progress.percent // 10, now)
            self._target.write(f"{plain_text(title)}: {progress.percent:.0f} %\n")
            self._target.flush()

    @property
    def _target(self) -> TextIO:
        return self._stream or sys.stderr

    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self._target, highlight=False)


class TqdmLogger(ConsoleLogger):
    """The older name of the logger with bars; the bars are those of :class:`ConsoleLogger`."""


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, default=str)
