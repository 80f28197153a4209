"""What a command used is told: of all its processes, and without what the one who started it uses."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.benchmarks.suite import runner
from tests.benchmarks.suite.runner import measured

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="process trees are read from /proc")

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def test_memory_is_that_of_the_program_and_not_of_its_starter() -> None:
    ballast = bytearray(256 << 20)
    small = measured(python("pass"))
    large = measured(python(f"block = b'x' * {128 << 20}"))
    assert len(ballast) == 256 << 20
    assert 1 < small.memory < 32
    assert 128 <= large.memory < 160


def test_pages_that_forks_share_count_once() -> None:
    fork = f"import os\nblock = b'x' * {128 << 20}\nchild = os.fork()\n{BURN}child and os.waitpid(child, 0)\n"
    assert 128 < measured(python(fork)).memory < 200


def test_a_daemon_that_outlives_its_parent_counts() -> None:
    orphan = f"import os\nif os.fork() == 0:\n    os.setsid()\n    {BURN.replace(chr(10), chr(10) + '    ')}\n"
    reading = measured(python(orphan))
    assert reading.failed == ""
    assert reading.cpu >= 0.3


def test_a_program_that_does_not_end_is_ended_and_named() -> None:
    assert measured(["sleep", "600"], seconds=0.1).failed == "over 0 s"


def test_a_program_that_takes_too_much_memory_is_ended() -> None:
    grow = "blocks = []\nwhile True: blocks.append(b'x' * (1 << 20))\n"
    assert measured(python(grow), mebibytes=256).failed == "over 0 GiB"


def test_a_program_that_fails_is_told_with_its_last_words() -> None:
    assert measured(python("raise SystemExit('no such file')")).failed == "ended with 1: no such file"


def test_a_failure_is_told_without_paths_of_this_machine() -> None:
    failed = measured(python("raise SystemExit('no file \\'/srv/a.json\\' and no 1/2')")).failed
    assert failed == "ended with 1: no file '…' and no 1/2"


def test_what_is_measured_ends_with_who_measures(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = f"import os, time\nopen({str(mark) + '.new'!r}, 'w').write(str(os.getpid()))\n"
    code += f"os.rename({str(mark) + '.new'!r}, {str(mark)!r})\ntime.sleep(600)\n"
    script = str(Path(runner.__file__).with_name("process_tree.py"))
    measuring = subprocess.Popen([sys.executable, "-I", "-S", script, "600", "1000", *python(code)])
    wait_until(mark.exists)
    measuring.kill()
    measuring.wait()
    pid = int(mark.read_text())
    wait_until(lambda: not running(pid))


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(holds: Callable[[], bool]) -> None:
    """The pause spares the processor; a test that waits in vain is ended by its timeout."""
    while not holds():
        time.sleep(0.01)
