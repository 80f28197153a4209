"""In CI a skipped test fails the run unless a committed list names it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SAMPLE = """
import pytest

def test_runs():
    assert True

@pytest.mark.skipif(True, reason="no such device here")
def test_needs_a_device():
    assert False
"""


@pytest.fixture
def project(pytester: pytest.Pytester, checkout: Path) -> pytest.Pytester:
    """A small project that uses the conftest of this one."""
    tests = pytester.mkdir("tests")
    source = (checkout / "tests/conftest.py").read_text(encoding="utf-8")
    (tests / "conftest.py").write_text(re.sub("^pytest_plugins = .*", "", source, flags=re.MULTILINE), encoding="utf-8")
    (tests / "test_sample.py").write_text(SAMPLE, encoding="utf-8")
    return pytester


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_unlisted_skip_fails_the_run_and_is_named(project: pytest.Pytester, workers: str) -> None:
    project.makefile(".txt", allowed="# nothing is allowed\n")
    result = project.runpytest_subprocess("-n", workers, "--allowed-skips", "allowed.txt", "tests")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*test_sample.py::test_needs_a_device*no such device here*"])


def test_a_listed_skip_passes(project: pytest.Pytester) -> None:
    project.makefile(".txt", allowed="# no devices in CI\n*::test_needs_a_device\n")
    result = project.runpytest_subprocess("--allowed-skips", "allowed.txt", "tests")
    assert result.ret == pytest.ExitCode.OK


def test_without_the_option_a_skip_costs_nothing(project: pytest.Pytester) -> None:
    assert project.runpytest_subprocess("tests").ret == pytest.ExitCode.OK


def test_a_missing_list_is_a_usage_error(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--allowed-skips", "absent.txt", "tests")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no file absent.txt*"])
