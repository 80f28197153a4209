"""Tells what ``make soak`` has tried, in one line."""

from __future__ import annotations

import pytest
from tests.properties.settings_here import PROFILE, SOAK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SOAK is None:
        return
    held, broken = (
        sum("hypothesis" in report.keywords for report in terminalreporter.getreports(outcome) if report.when == "call")
        for outcome in ("passed", "failed")
    )
    terminalreporter.write_line(
        f"soak: {held + broken} properties were tried on {PROFILE.max_examples} drawn bundles each; {broken} failed."
    )
