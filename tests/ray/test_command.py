"""The command with Ray: quiet, private, and gone when it ends, however it ends."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.ray.processes import Process, listening, processes, wait_for
from tests.ray.runs import Runs
from tests.ray.two_nodes import TASK, TwoNodes

from exportkit.engines import ray_driver
from exportkit.engines.ray_driver import RayDriver
from exportkit.errors import RemoteIOError

pytestmark = pytest.mark.ray

#: 127.0.0.1 as /proc/net/tcp and tcp6 write it.
_LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}


@pytest.fixture
def short_tmp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ek-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def of_session(leader: int) -> list[Process]:
    return [found for found in processes() if found.session == leader]


def at_work(leader: int) -> list[Process]:
    return [found for found in of_session(leader) if found.command.startswith(TASK)]


def test_its_cluster_is_private_and_leaves_nothing_behind(runs: Runs, short_tmp: Path) -> None:
    with runs.started(runs.new_output(), "--engine", "ray", "--workers", "2") as run:
        wait_for(lambda: at_work(run.pid))
        assert [folder.stat().st_mode & 0o777 for folder in short_tmp.iterdir()] == [0o700]
        assert set(listening({found.pid for found in of_session(run.pid)})) <= _LOOPBACK
        (gcs,) = (found for found in of_session(run.pid) if "gcs_server" in found.command.split()[0])
        # Its cluster is there until it goes on.
        run.send_signal(signal.SIGSTOP)
        assert_refused(run_of(runs, f"127.0.0.1:{port_of(gcs.pid)}", RAY_AUTH_TOKEN="0" * 64))
        run.send_signal(signal.SIGCONT)
        _, said = run.communicate(timeout=200)
    assert (run.returncode, said) == (3, "")
    # What multiprocessing has started to clean up after it ends as soon as it is gone, not before.
    wait_for(lambda: not of_session(run.pid))
    assert [*short_tmp.iterdir()] == []


def port_of(pid: int) -> int:
    """The port of the server, as its command line or the kernel tells it."""
    inodes = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
            return int(fields[1].rpartition(":")[2], 16)
    raise AssertionError("it listens nowhere")


def run_of(runs: Runs, address: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = runs.command(runs.new_output(), "--engine", "ray", "--ray-address", address)
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **environment}
    )


def assert_refused(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "wants another token" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(("send", "number", "code"), [(os.killpg, signal.SIGINT, 130), (os.kill, signal.SIGTERM, 143)])
def test_a_signal_ends_it_as_any_run(
    runs: Runs, short_tmp: Path, send: Callable[[int, int], None], number: int, code: int
) -> None:
    # A terminal sends Ctrl-C to the whole group.
    out = runs.new_output()
    with runs.started(out, "--engine", "ray", "--workers", "2") as run:
        wait_for(lambda: at_work(run.pid))
        send(run.pid, number)
        printed, said = run.communicate(timeout=100)
    assert (run.returncode, said) == (code, ""), printed
    wait_for(lambda: not of_session(run.pid))
    assert not out.parent.exists()
    assert [*short_tmp.iterdir()] == []


def test_killed_it_takes_its_cluster_with_it_and_the_next_run_is_not_disturbed(runs: Runs) -> None:
    out = runs.new_output()
    with runs.started(out, "--engine", "ray", "--workers", "2") as run:
        wait_for(lambda: [*out.parent.glob(".out.exportkit-run/spool/work-*/attempts/*")])
        run.kill()
        run.wait()
        assert runs.found(runs.convert("--engine", "ray", "--workers", "2", out=out)) == runs.expected
        wait_for(lambda: not of_session(run.pid))


def test_its_cluster_is_started_once_more_if_it_does_not_come_up(runs: Runs, short_tmp: Path) -> None:
    def servers() -> list[int]:
        return [found.pid for found in of_session(run.pid) if "gcs_server" in found.command.partition(" ")[0]]

    out = runs.new_output()
    with runs.started(out, "--engine", "ray", "--workers", "2") as run:
        (first,) = wait_for(servers)
        os.kill(first, signal.SIGKILL)
        printed, said = run.communicate(timeout=300)
    assert (run.returncode, said) == (3, ""), printed
    assert runs.found(out) == runs.expected
    assert [*short_tmp.iterdir()] == []


def test_a_cluster_with_another_token_is_told_apart(runs: Runs, cluster: TwoNodes) -> None:
    assert_refused(run_of(runs, cluster.address, RAY_AUTH_TOKEN="0" * 64))


@contextmanager
def falls_silent() -> Iterator[str]:
    """The address of a server that greets whoever connects as gRPC does, and says nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as held:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    held.enter_context(connection).sendall(bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_cluster_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Ray alone would wait for minutes, in code that nothing interrupts.
    monkeypatch.setattr(ray_driver, "_JOIN_SECONDS", 3.0)
    with falls_silent() as address:
        with pytest.raises(RemoteIOError, match=r"gave no answer for 3 seconds.* see that its head node runs"):
            RayDriver(address, 2).open()
        assert not multiprocessing.active_children()


def test_an_action_takes_the_same_engine(runs: Runs, bundle: Path, tmp_path: Path) -> None:
    params: dict[str, Any] = {"name": "first", "path": "sets", "storage": 1, "target": "task", "filter": {"project": 1}}
    params["formats"] = ["coco", "yolo:task=segment", "voc", "csv"]
    command = [sys.executable, "-m", "exportkit", "run", "export", "--source", str(bundle), "-o", str(tmp_path)]
    command += ["--params", json.dumps(params), "--quiet", "--engine", "ray"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)

    assert done.returncode == 3, done.stdout + done.stderr
    assert runs.found(tmp_path / "sets/first")[0] == runs.expected[0]
