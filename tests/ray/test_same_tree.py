"""One tree of bytes, wherever it is made (product: promise 3), also where machines are lost (reliability, row 36)."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from tests.ray.processes import Process, processes, wait_for
from tests.ray.runs import Runs
from tests.ray.two_nodes import TwoNodes

pytestmark = pytest.mark.ray


@pytest.mark.parametrize("workers", ["2", "3", "7"])
def test_any_number_of_local_workers_gives_the_same_tree(runs: Runs, workers: str) -> None:
    assert runs.found(runs.convert("--workers", workers)) == runs.expected


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ray_on_this_machine_gives_the_same_tree(runs: Runs, workers: str) -> None:
    assert runs.found(runs.convert("--engine", "ray", "--workers", workers)) == runs.expected


def test_two_nodes_give_the_same_tree(runs: Runs, cluster: TwoNodes) -> None:
    assert runs.found(runs.convert("--engine", "ray", "--ray-address", cluster.address)) == runs.expected


@pytest.mark.parametrize("stage", ["survey", "encode"])
def test_a_node_that_dies_in_the_middle_costs_nothing_but_time(runs: Runs, two_nodes: TwoNodes, stage: str) -> None:
    out = runs.new_output()
    with runs.started(out, "--engine", "ray", "--ray-address", two_nodes.address) as run:
        wait_for(lambda: _stopped_at_work(two_nodes, out, stage))
        two_nodes.signal_second(signal.SIGKILL)
        assert_done(run)
    assert runs.found(out) == runs.expected


def test_a_node_that_was_only_silent_disturbs_nobody_when_it_is_back(runs: Runs, two_nodes: TwoNodes) -> None:
    out = runs.new_output()
    with runs.started(out, "--engine", "ray", "--ray-address", two_nodes.address) as run:
        worker = wait_for(lambda: _stopped_at_work(two_nodes, out, "encode"))
        two_nodes.signal_second(signal.SIGSTOP)
        assert_done(run)
        assert runs.found(out) == runs.expected
        # It goes on where it stood, with a file half written.
        os.kill(worker.pid, signal.SIGCONT)
        two_nodes.signal_second(signal.SIGCONT)
        wait_for(lambda: worker not in processes())
    assert runs.found(out) == runs.expected
    assert sorted(path.name for path in out.parent.iterdir()) == ["out"]


def assert_done(run: subprocess.Popen[str]) -> None:
    printed, said = run.communicate(timeout=200)
    assert (run.returncode, said) == (3, ""), printed[:2000]
    assert printed.count("\n") == 1


def _stopped_at_work(nodes: TwoNodes, out: Path, stage: str) -> Process | None:
    """A worker of the second node that is stopped while a file of its own is open for writing."""
    for worker in nodes.workers_of_second():
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGSTOP)
            if worker in processes() and _writes(worker.pid, out, stage):
                return worker
            os.kill(worker.pid, signal.SIGCONT)
    return None


def _writes(pid: int, out: Path, stage: str) -> bool:
    place = f"{out.parent}/.out.exportkit-run/spool/"
    sign = "/survey-" if stage == "survey" else "/attempts/"
    with suppress(FileNotFoundError):
        links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
        return any(link.startswith(place) and sign in link for link in links)
    return False
