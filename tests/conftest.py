"""What all tests share: where the data lie, and how a skip is told and judged.

Options added to pytest:

* ``--allowed-skips FILE`` fails the run on every skipped test that FILE does not list (used in CI);
* ``--from-wheel`` refuses to run against the sources of this checkout.
"""

from __future__ import annotations

import importlib.util
import os
import signal
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# How long an example takes is told by benchmarks; a busy machine is no defect.
settings.register_profile("exportkit", deadline=None)
settings.load_profile("exportkit")

CHECKOUT = Path(__file__).resolve().parent.parent
#: What the tests of the consumers cannot do without.
CONSUMERS = ("torch", "torchvision", "ultralytics", "supervision", "faster_coco_eval")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("exportkit")
    group.addoption("--allowed-skips", type=Path, metavar="FILE", help="fail on a skipped test that FILE does not list")
    group.addoption("--from-wheel", action="store_true", help="fail unless exportkit is installed from a wheel")


def pytest_configure(config: pytest.Config) -> None:
    # A shell starts its background jobs with Ctrl-C ignored, and every program that a test starts would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--from-wheel"):
        refuse_sources()
    allowed: Path | None = config.getoption("--allowed-skips")
    if allowed is not None and not hasattr(config, "workerinput"):
        if not allowed.is_file():
            message = f"--allowed-skips: there is no file {allowed}."
            raise pytest.UsageError(message)
        config.pluginmanager.register(SkipJudge(allowed.read_text(encoding="utf-8")), "exportkit-skip-judge")


def refuse_sources() -> None:
    """Stop unless every package of the distribution lies outside this checkout."""
    for package in ("exportkit", "exportkit_coco", "exportkit_csv", "exportkit_voc", "exportkit_yolo"):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            message = f"--from-wheel: {package} is not installed."
            raise pytest.UsageError(message)
        if Path(spec.origin).resolve().is_relative_to(CHECKOUT):
            message = f"--from-wheel: {package} is imported from the sources of this checkout."
            raise pytest.UsageError(message)


def missing_consumers() -> list[str]:
    """Names of the consumers that this environment lacks."""
    return [name for name in CONSUMERS if importlib.util.find_spec(name) is None]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what other environments are needed for: consumers, Ray, and synapse-sdk unless ``-m sdk`` asks."""
    if collection_path == CHECKOUT / "tests" / "consumers" and missing_consumers():
        return True
    if collection_path == CHECKOUT / "tests" / "ray" and importlib.util.find_spec("ray") is None:
        return True
    if collection_path == CHECKOUT / "tests" / "sdk" and "sdk" not in config.option.markexpr:
        return True
    return None


def pytest_report_header() -> list[str]:
    missing = missing_consumers()
    if not missing:
        return []
    return [f"tests/consumers: left out, {', '.join(missing)} not installed here (make test-consumers has them)"]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real annotated photographs: ``EXPORTKIT_SHARED_DATA``, else ``../shared/data`` beside the checkout."""
    folder = Path(os.environ.get("EXPORTKIT_SHARED_DATA") or CHECKOUT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real photographs (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Root of this checkout: where pyproject.toml, docs and fixtures lie."""
    return CHECKOUT


class SkipJudge:
    """Fails a run in which a test was skipped without standing on the committed list."""

    def __init__(self, listed: str) -> None:
        lines = (line.strip() for line in listed.splitlines())
        self.patterns = [line for line in lines if line and not line.startswith("#")]
        self.unlisted: list[str] = []

    def judge(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped or hasattr(report, "wasxfail"):
            return
        if not any(fnmatchcase(report.nodeid, pattern) for pattern in self.patterns):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.unlisted.append(f"{report.nodeid}: {reason}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.judge(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.judge(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unlisted and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.unlisted:
            terminalreporter.section("skipped, and not on the list of allowed skips")
            for line in sorted(set(self.unlisted)):
                terminalreporter.line(line)
