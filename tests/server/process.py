"""``exportkit serve`` in a process of its own, and what it announces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import pytest
from pydantic import SecretStr

from exportkit.clients import Connection

__all__ = ["PROGRAM", "Announced", "ServerProcess", "launched"]

PROGRAM: Final = (sys.executable, "-m", "exportkit")
_SCOPES: Final = {"task": "project", "assignment": "project", "ground_truth": "ground_truth_dataset_version"}
_PATIENCE: Final = 60.0


@dataclass(frozen=True)
class Announced:
    """One tenant of a server with what was loaded into it: all that a client needs, as the server announces it."""

    url: str
    token: str = field(repr=False)
    tenant: str
    project_id: int
    storage_id: int
    dataset_version_id: int

    @property
    def connection(self) -> Connection:
        return Connection(self.url, SecretStr(self.token), tenant=self.tenant)

    @property
    def environment(self) -> dict[str, str]:
        """For a process of its own."""
        return {
            **os.environ,
            "SYNAPSE_HOST": self.url,
            "SYNAPSE_ACCESS_TOKEN": self.token,
            "SYNAPSE_PLUGIN_RUN_TENANT": self.tenant,
        }

    def scope(self, target: str) -> dict[str, Any]:
        """The filter that selects everything that was loaded."""
        number = self.dataset_version_id if target == "ground_truth" else self.project_id
        return {_SCOPES[target]: number}

    def params(self, target: str, **more: Any) -> dict[str, Any]:
        """Params of an export of everything."""
        place = {"name": "x", "storage": self.storage_id, "path": "exports"}
        return {**place, "target": target, "filter": self.scope(target), **more}

    def through(self, url: str) -> Announced:
        """The same behind another address."""
        return replace(self, url=url)


@dataclass
class ServerProcess:
    """A server that answers, in a process group of its own."""

    announced: Announced
    process: subprocess.Popen[str]
    #: Lines that it said beside its announcement.
    told: list[str]
    _reader: threading.Thread

    @classmethod
    def begun(cls, *options: str | Path, environment: Mapping[str, str] | None = None) -> Self:
        """Start one on a free port, and return once it answers; fails the test if it does not start."""
        process = launched(*options, environment=environment)
        assert process.stdout is not None
        told: list[str] = []
        reader = threading.Thread(target=lambda: told.extend(process.stderr or ()), daemon=True)
        reader.start()
        try:
            line = process.stdout.readline()
            if "url" not in line:
                process.wait(_PATIENCE)
                reader.join(5)
                pytest.fail(f"the server did not start: {line}{''.join(told)}")
            return cls(Announced(**json.loads(line)), process, told, reader)
        except BaseException:
            _kill_group(process)
            _release(process, reader)
            raise

    def kill(self) -> None:
        """End it, its workers included, as a power cut would."""
        _kill_group(self.process)
        _release(self.process, self._reader)

    def stop(self) -> None:
        """End it as Ctrl-C would, unless it has ended; a server that then does not end is a failure."""
        try:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
                self.process.wait(30)
        except BaseException:
            _kill_group(self.process)
            raise
        finally:
            _release(self.process, self._reader)


def launched(*options: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """The process of a server that was just started."""
    return subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0", "--json", *map(str, options)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, **(environment or {})},
    )


def _kill_group(process: subprocess.Popen[str]) -> None:
    # Once it was waited for, its number may be another's.
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _release(process: subprocess.Popen[str], reader: threading.Thread) -> None:
    process.wait()
    # Orphaned workers hold the pipe as long as they live.
    reader.join(5)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
