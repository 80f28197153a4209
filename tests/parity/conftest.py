"""Gives every test a workbench (tests/conversion/workbench.py) in its own folder, real servers, and a bundle."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.conversion.workbench import bench
from tests.parity.drawn import write_bundle
from tests.services import postgres_url, s3

__all__ = ["bench", "bundle", "postgres_url", "s3"]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of several pages and chunks (tests/parity/drawn.py), which no test changes."""
    return write_bundle(tmp_path_factory.mktemp("drawn") / "bundle")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what ``make soak`` has tried, in one line."""
    if "EXPORTKIT_SOAK_KILLS" not in os.environ:
        return
    ended = {
        outcome: [
            int(str(value))
            for report in terminalreporter.getreports(outcome)
            for name, value in report.user_properties
            if report.when == "call" and name == "kills"
        ]
        for outcome in ("passed", "failed")
    }
    kills, failed = ended["passed"] + ended["failed"], len(ended["failed"])
    terminalreporter.write_line(f"soak: {len(kills)} exports were killed {sum(kills)} times; {failed} failed.")
