"""Workers live as long as the process that started them (reliability: a killed run is run again at once)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from exportkit.storage.lock import take_lock

#: Holds a lock, as a run does of its output, while its worker is busy and never comes to an end.
PROGRAM = """
import os
import sys
import time
from pathlib import Path

from exportkit.engines import ProcessPoolEngine
from exportkit.storage.lock import take_lock


def work(told):
    Path(told).write_text(str(os.getpid()))
    while True:
        sum(range(1000))


if __name__ == "__main__":
    lock, told = map(Path, sys.argv[1:])
    take_lock(lock, lock)
    with ProcessPoolEngine(1) as engine:
        list(engine.map_ordered(work, [told]))
"""


def is_running(pid: int) -> bool:
    """Whether a process is there that is more than a note for whoever started it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.timeout(120)
def test_a_busy_worker_ends_with_its_killed_parent_and_holds_no_lock(tmp_path: Path) -> None:
    program, lock, told = tmp_path / "program.py", tmp_path / "lock", tmp_path / "told"
    program.write_text(PROGRAM, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, program, lock, told], start_new_session=True)
    try:
        while not (told.exists() and told.read_text()):
            assert parent.poll() is None
            time.sleep(0.01)
        worker = int(told.read_text())
        assert is_running(worker)
        parent.send_signal(signal.SIGKILL)
        parent.wait()

        descriptor = take_lock(lock, lock)
        while is_running(worker):
            time.sleep(0.01)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
    assert descriptor is not None
    os.close(descriptor)
