"""Workers live as long as the process that started them, and what goes to them and back arrives whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import CHECKOUT

from exportkit.conversion.lists import FileRun
from exportkit.conversion.output_shard import OutputShard
from exportkit.engines import ProcessPoolEngine, process_pool
from exportkit.errors import LocalIOError
from exportkit.storage.lock import take_lock
from exportkit.writing import CheckReport
from exportkit.writing.ledger import Counts

#: Python says so from 3.12 on; the threads of a test run hold nothing that a job needs.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

#: Holds a lock, as a run does of its output, while its worker is busy and never comes to an end.
PROGRAM = """
import os
import sys
import threading
from pathlib import Path

from exportkit.engines import ProcessPoolEngine
from exportkit.storage.lock import take_lock


def work(told):
    Path(told).write_text(str(os.getpid()))
    while True:
        sum(range(1000))


if __name__ == "__main__":
    lock, told = map(Path, sys.argv[1:3])
    if sys.argv[3] == "spawn":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
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
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_busy_worker_ends_with_its_killed_parent_and_holds_no_lock(tmp_path: Path, method: str) -> None:
    program, lock, told = tmp_path / "program.py", tmp_path / "lock", tmp_path / "told"
    program.write_text(PROGRAM, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, program, lock, told, method], start_new_session=True)
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


def busy_with(told: Path) -> None:
    told.write_text(str(os.getpid()))
    threading.Event().wait()


def busy_or_echoed(told: bytes) -> bytes:
    if told:
        busy_with(Path(told.decode()))
    return told


def let_go(folder: Path, count: int) -> None:
    """Let those end that wait, as soon as so many have begun."""
    while len([*(folder / "begun").iterdir()]) < count:
        time.sleep(0.01)
    (folder / "go").touch()


def waited_for(job: tuple[Path, int]) -> int:
    """Comes to an end as soon as somebody says so."""
    folder, number = job
    (folder / "begun" / str(number)).touch()
    while not (folder / "go").exists():
        time.sleep(0.01)
    return number


def echoed(value: Any) -> Any:
    return value


class Stubborn(Exception):
    """Cannot be made anew from its words."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def stubborn(_: int) -> None:
    raise Stubborn(1, 2)


@dataclass(frozen=True)
class Frozen(Exception):
    """Takes no note."""

    number: int


def frozen(_: int) -> None:
    raise Frozen(3)


class Silent(Exception):
    """Has no words, and cannot be sent."""

    def __str__(self) -> str:
        raise ValueError

    def __reduce__(self) -> str:
        raise ValueError


def silent(_: int) -> None:
    raise Silent


def quitting(_: int) -> None:
    raise SystemExit(4)


def nested(_: int) -> list[Any]:
    value: list[Any] = []
    for _number in range(100_000):
        value = [value]
    return value


def a_function(_: int) -> Callable[[], int]:
    return lambda: 1


def process(_: int) -> int:
    return os.getpid()


@pytest.fixture(params=["fork", "spawn"])
def pool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessPoolEngine]:
    """A pool of each kind, whatever threads the test run has."""
    # Fresh interpreters import the jobs of these tests by name.
    monkeypatch.syspath_prepend(CHECKOUT)
    monkeypatch.setattr(process_pool, "_is_alone", lambda: request.param == "fork")
    with ProcessPoolEngine(2) as engine:
        yield engine


def test_jobs_and_results_larger_than_a_pipe_hold_nobody_up(pool: ProcessPoolEngine) -> None:
    jobs = [bytes([number]) * (3 << 20) for number in range(8)]
    assert list(pool.map_ordered(echoed, jobs)) == jobs


def test_long_streams_of_a_shard_arrive_as_views_of_the_same_bytes(pool: ProcessPoolEngine) -> None:
    streams = {"long": b"x" * (1 << 20), "short": b"y"}
    report, files = CheckReport(), FileRun.of([])
    shard = OutputShard(Counts(), [], [], streams, files, b"", 0, report, {}, Counter(), [])
    (arrived,) = pool.map_ordered(echoed, [shard])
    assert arrived.streams == shard.streams
    assert isinstance(arrived.streams["long"], memoryview)
    assert isinstance(arrived.streams["short"], bytes)


def test_a_dead_worker_is_told_in_one_sentence(pool: ProcessPoolEngine, tmp_path: Path) -> None:
    results = pool.map_ordered(busy_with, [tmp_path / "told"])

    def kill() -> None:
        while not ((tmp_path / "told").exists() and (tmp_path / "told").read_text()):
            time.sleep(0.01)
        os.kill(int((tmp_path / "told").read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(LocalIOError, match=r"^A worker process died \(often: .*fewer --workers\.$"):
        next(results)
    killer.join()


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        (stubborn, RuntimeError, "Stubborn: 1 and 2$"),
        (a_function, AttributeError, "pickle"),
        (nested, RecursionError, "recursion"),
        (silent, RuntimeError, "Silent"),
        (frozen, Exception, "3|assign"),
        (quitting, SystemExit, "4"),
    ],
)
def test_what_a_job_comes_to_grief_over_is_told_whatever_it_is(
    pool: ProcessPoolEngine, function: Callable[[int], object], kind: type[BaseException], words: str
) -> None:
    with pytest.raises(kind, match=words):
        list(pool.map_ordered(function, [0]))
    assert list(pool.map_ordered(echoed, [b"still there"])) == [b"still there"]


def test_results_of_a_round_that_was_broken_off_are_nobodys(pool: ProcessPoolEngine) -> None:
    first = pool.map_ordered(echoed, [b"a", b"b", b"c", b"d"])
    assert next(first) == b"a"
    del first
    assert list(pool.map_ordered(echoed, [b"e", b"f"])) == [b"e", b"f"]


def test_rounds_may_be_taken_by_turns(pool: ProcessPoolEngine) -> None:
    rounds = [pool.map_ordered(echoed, [(n, number) for number in range(9)]) for n in range(2)]
    assert [next(one) for _ in range(9) for one in rounds] == [(n, number) for number in range(9) for n in (0, 1)]


def test_a_round_waits_for_workers_that_an_earlier_one_has_left_busy(pool: ProcessPoolEngine, tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir()
    left = pool.map_ordered(waited_for, [(tmp_path, number) for number in range(6)])
    threading.Thread(target=let_go, args=[tmp_path, 2]).start()
    next(left)
    del left
    assert list(pool.map_ordered(echoed, [b"a", b"b", b"c"])) == [b"a", b"b", b"c"]


def test_a_worker_that_never_comes_to_an_end_holds_no_failed_run_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process_pool, "_is_alone", lambda: True)
    told = tmp_path / "told"

    def interrupted() -> None:
        with ProcessPoolEngine(2) as engine:
            next(engine.map_ordered(busy_or_echoed, [b"", bytes(told)]))
            while not (told.exists() and told.read_text()):
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not is_running(int(told.read_text()))


def test_a_pool_that_was_left_says_so() -> None:
    with ProcessPoolEngine(1) as engine:
        pass
    with pytest.raises(RuntimeError, match="not open"):
        list(engine.map_ordered(echoed, [b""]))
