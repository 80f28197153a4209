"""Consumers that have an environment of their own: a program of this folder is run by their Python.

Each program reads ``{job: arguments}`` from standard input and answers ``{job: answer}`` as JSON. An answer is what
it found, or a text: the error with which it refused the dataset.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Neighbours"]

#: Names the folders of the environments, each called ``<consumer>-<number>``.
VARIABLE = "EXPORTKIT_CONSUMERS"


@dataclass(frozen=True)
class Neighbours:
    """The environments by name of their consumer."""

    folders: Mapping[str, Path]

    @classmethod
    def of_environment(cls) -> Neighbours:
        """Those that ``make test-consumers`` names."""
        folders = map(Path, os.environ.get(VARIABLE, "").split())
        return cls({folder.name.rpartition("-")[0]: folder for folder in folders})

    def ask(self, consumer: str, jobs: Mapping[str, Any]) -> dict[str, Any]:
        """Answers to all jobs from one process: its start takes seconds."""
        if consumer not in self.folders:
            pytest.skip(f"{VARIABLE} names no environment of {consumer} (make test-consumers makes one)")
        script = Path(__file__).parent / f"{consumer}_import.py"
        # Its own packages and nothing of the environment of these tests.
        run = subprocess.run(
            [self.folders[consumer] / "bin" / "python", "-I", "-X", "utf8", script],
            input=json.dumps(jobs),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr[-3000:]
        answers: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
        assert answers.keys() == jobs.keys()
        return answers
