"""Conversions of one bundle by every way there is, and what is compared of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ray.other_python import Installed

from exportkit.testing import tree_digest
from exportkit.testing.tree_digest import lists_as_data

_FORMATS = ("coco", "yolo:task=segment", "voc", "csv")


class Runs:
    """A bundle, and a folder for what is made of it."""

    def __init__(self, bundle: Path, folder: Path) -> None:
        self._bundle = bundle
        self._folder = folder
        self._number = 0
        self._first: Path | None = None
        self._expected: tuple[str, dict[str, Any]] | None = None

    def new_output(self) -> Path:
        """A place for a dataset."""
        self._number += 1
        return self._folder / f"{self._number}" / "out"

    def command(self, out: Path, *words: str, python: str | Path = sys.executable) -> list[str]:
        formats = [word for name in _FORMATS for word in ("--to", name)]
        return [
            *(str(python), "-m", "exportkit", "convert", str(self._bundle), *formats),
            *("-o", str(out), "--json", "--quiet", *words),
        ]

    def convert(self, *words: str, out: Path | None = None, installed: Installed | None = None) -> Path:
        """Convert, and give the output; anything but silence and success of the program is an error."""
        place = out or self.new_output()
        python, variables = installed or (sys.executable, os.environ)
        command = self.command(place, *words, python=python)
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=300)
        assert (done.returncode, done.stderr) == (3, ""), done.stdout[:2000] + done.stderr
        assert done.stdout.count("\n") == 1
        assert sorted(path.name for path in place.parent.iterdir()) == ["out"]
        return place

    @contextmanager
    def started(self, out: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
        """The program under way, leader of its own session; killed at the end if it is still there."""
        pipe = subprocess.PIPE
        command = self.command(out, *words)
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as run:
            try:
                yield run
            finally:
                run.kill()

    @property
    def first(self) -> Path:
        """What one process gives."""
        if self._first is None:
            self._first = self.convert("--workers", "1")
        return self._first

    @property
    def expected(self) -> tuple[str, dict[str, Any]]:
        """The tree and the account that one process gives."""
        if self._expected is None:
            self._expected = self.found(self.first)
        return self._expected

    @staticmethod
    def found(out: Path) -> tuple[str, dict[str, Any]]:
        """The tree and the account of an output."""
        return tree_digest(out), lists_as_data(out)
