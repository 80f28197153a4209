"""The existing package as tests talk to it: a process of its own Python, asked call by call."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from tests.server.process import Announced

__all__ = ["CallFailed", "ExistingSdk", "Family", "options_of"]

_PROGRAM: Final = Path(__file__).with_name("answering.py")


class CallFailed(Exception):
    """The package raised: the name of its exception, the HTTP status if it has one, and its text."""

    def __init__(self, kind: str, status: int | None, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.status = status
        self.text = text


@dataclass(frozen=True)
class Family:
    """A client of one interface. ``client("tasks.list", project=1)`` calls its ``tasks.list(project=1)``."""

    sdk: ExistingSdk
    name: str
    options: Mapping[str, Any] = field(repr=False)

    def __call__(self, method: str, *args: Any, **keywords: Any) -> Any:
        return self.sdk.do(
            "call", family=self.name, options=dict(self.options), method=method, args=args, keywords=keywords
        )


def options_of(backend: Announced, **changed: Any) -> dict[str, Any]:
    """What a client of the existing package is made with; None leaves an option out."""
    given = {"base_url": backend.url, "access_token": backend.token, "tenant": backend.tenant} | changed
    return {key: value for key, value in given.items() if value is not None}


class ExistingSdk:
    """One process for many calls: its start takes seconds."""

    def __init__(self, process: subprocess.Popen[str], told: list[str]) -> None:
        self._process = process
        self._told = told

    @classmethod
    @contextmanager
    def started(cls, python: Path) -> Iterator[Self]:
        """Start it, and end it with the block."""
        process = subprocess.Popen(
            # Its own packages and nothing of the environment of these tests.
            [python, "-I", "-X", "utf8", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        told: list[str] = []
        assert process.stderr is not None
        reader = threading.Thread(target=told.extend, args=(process.stderr,), daemon=True)
        reader.start()
        with process:
            try:
                yield cls(process, told)
            finally:
                assert process.stdin is not None
                process.stdin.close()
                reader.join()

    def do(self, what: str, **arguments: Any) -> Any:
        """Ask for one thing. Raises CallFailed for what the package raised."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "".join(self._told)[-3000:]
        found = json.loads(line)
        if "error" in found:
            error = found["error"]
            raise CallFailed(error["type"], error["status"], error["text"])
        return found["answer"]

    def v1(self, backend: Announced, **changed: Any) -> Family:
        """``BackendClient``."""
        return Family(self, "v1", options_of(backend, **changed))

    def v2(self, backend: Announced, **changed: Any) -> Family:
        """``BackendClientV2``."""
        return Family(self, "v2", options_of(backend, **changed))
