"""The same writer in another process: other folder, other host name, other hash seed, and a clock that is off."""

from __future__ import annotations

import datetime as dt
import json
import os
import pickle
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from exportkit.testing.sample_records import samples
from exportkit.testing.trial import Trial

__all__ = ["Elsewhere", "answer", "encoded_elsewhere"]

_LIMIT_SECONDS = 120
#: How far the other clock is off: another year, month, day and time of day.
_OFF = dt.timedelta(days=401, hours=5, minutes=7, seconds=11)
#: What an encoder has no business with (audit events of Python).
_OUTSIDE = ("open", "os.", "socket.", "subprocess.", "shutil.", "tempfile.", "glob.")


class Elsewhere(msgspec.Struct):
    """What came back."""

    encoded: dict[str, str] = {}
    assembled: str = ""
    #: Events of the outside world during encoding.
    touched: list[str] = []
    #: Why nothing came back, or empty.
    error: str = ""


def encoded_elsewhere(trial: Trial) -> Elsewhere:
    """Encode the samples with this writer in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        request, reply = Path(folder, "request.pickle"), Path(folder, "reply.json")
        request.write_bytes(pickle.dumps((trial.writer, trial.options, trial.plan)))
        importable = [path or os.getcwd() for path in sys.path]  # noqa: PTH109
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(importable),
            "PYTHONHASHSEED": "271828",
            "TZ": "Pacific/Kiritimati",
            "HOME": folder,
            "HOSTNAME": "elsewhere",
        }
        code = "import sys; from exportkit.testing.elsewhere import answer; answer(sys.argv[1], sys.argv[2])"
        try:
            done = subprocess.run(  # noqa: S603 - this very interpreter
                [sys.executable, "-c", code, str(request), str(reply)],
                cwd=folder, env=environment, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Elsewhere(error=f"it gave no answer within {_LIMIT_SECONDS} seconds")
        if done.returncode or not reply.is_file():
            return Elsewhere(error=(done.stderr.strip().splitlines() or ["it ended without an answer"])[-1])
        return msgspec.json.decode(reply.read_bytes(), type=Elsewhere)


def answer(request: str, reply: str) -> None:
    """Do the work in the other process; the writer's module is imported under the other clock."""
    _move_away()
    trial = Trial(*pickle.loads(Path(request).read_bytes()))  # noqa: S301 - written by the process that started this one
    given = samples()
    found = Elsewhere(trial.encoded(given, backwards=True), trial.assembled())
    # The first round has imported whatever is imported late, so that only encoding itself is watched.
    with _watched() as touched:
        trial.encoded(given)
    found.touched = sorted(set(touched))[:20]
    Path(reply).write_text(json.dumps(msgspec.to_builtins(found)), encoding="utf-8")


def _move_away() -> None:
    """Turn on another time and another host for everything that is imported from now on."""
    module: Any = dt
    module.datetime, module.date = _Moment, _Day
    clock: Any = time
    seconds = _OFF.total_seconds()
    clock.time = _later(time.time, seconds)
    clock.time_ns = _later(time.time_ns, int(seconds * 1e9))
    now = clock.time
    for name in ("gmtime", "localtime"):
        original = getattr(time, name)
        setattr(clock, name, lambda at=None, read=original: read(now() if at is None else at))
    local, text = clock.localtime, time.strftime
    clock.strftime = lambda form, at=None: text(form, local() if at is None else at)
    host: Any = socket
    host.gethostname = lambda: "elsewhere"
    name_of: Any = platform
    name_of.node = lambda: "elsewhere"


def _later(read: Any, offset: float) -> Any:
    return lambda: read() + offset


class _Moment(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return super().now(tz) + _OFF

    @classmethod
    def utcnow(cls) -> Self:
        return cls.now(dt.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Self:
        return cls.now()


class _Day(dt.date):
    @classmethod
    def today(cls) -> Self:
        return super().today() + _OFF


@contextmanager
def _watched() -> Iterator[list[str]]:
    """Collect audit events of the outside world; the hook itself stays until the process ends."""
    events: list[str] = []
    watching = True

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event.startswith(_OUTSIDE):
            events.append(f"{event} {ascii(arguments[0])[:80]}" if arguments else event)

    sys.addaudithook(note)
    try:
        yield events
    finally:
        watching = False
