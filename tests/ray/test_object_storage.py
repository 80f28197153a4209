"""Machines that share nothing but a storage of objects: the same tree, and nothing stays in the storage."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ray.processes import processes, wait_for
from tests.ray.runs import Runs
from tests.ray.two_nodes import TwoNodes
from tests.services import Bucket, s3

__all__ = ["s3"]

pytestmark = pytest.mark.ray

#: A folder that nobody outside of this process and its children sees, and a copy of what is left in it at the end.
_HIDDEN = """
mount -t tmpfs tmpfs "$1" || exit 90
hidden=$1 seen=$2; shift 2
"$@"; code=$?
cp -a "$hidden"/. "$seen"
exit $code
"""


@pytest.fixture(scope="module", autouse=True)
def credentials(s3: Bucket) -> Iterator[None]:
    """Where programs and machines find them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def nodes(credentials: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    with TwoNodes(tmp_path_factory.mktemp("cluster")) as found:
        yield found


def stored(bucket: Bucket) -> list[str]:
    """Keys of all objects."""
    import obstore
    from obstore.store import S3Store

    store = S3Store(bucket.name, endpoint=bucket.endpoint, region="us-east-1", client_options={"allow_http": True})
    return [str(found["path"]) for batch in obstore.list(store) for found in batch]


def on_ray(bucket: Bucket, address: str | None = None) -> list[str]:
    joined = ["--ray-address", address] if address is not None else ["--workers", "2"]
    return ["--engine", "ray", *joined, "--ray-storage", bucket.url]


@pytest.mark.parametrize("words", [[], ["--media", "symlink"], ["--sink", "tar"]], ids=["copy", "symlink", "tar"])
def test_machines_that_do_not_see_the_output_give_the_same_tree(
    runs: Runs, nodes: TwoNodes, s3: Bucket, words: list[str]
) -> None:
    out, seen = runs.new_output(), runs.new_output().parent
    out.parent.mkdir(parents=True)
    seen.mkdir()
    command = runs.command(out, *on_ray(s3, nodes.address), *words)
    hide = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _HIDDEN, "sh"]
    done = subprocess.run(
        [*hide, str(out.parent), str(seen), *command], capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode == 90 or "unshare failed" in done.stderr:
        pytest.skip("no folder can be hidden here")
    assert (done.returncode, done.stderr) == (3, ""), done.stdout[:2000]
    assert [path.name for path in seen.iterdir()] == ["out"]
    assert [*out.parent.iterdir()] == []
    expected = runs.found(runs.convert("--workers", "1", *words)) if words else runs.expected
    assert runs.found(seen / "out") == expected
    assert stored(s3) == []


def test_a_node_that_dies_in_the_middle_costs_nothing_but_time(runs: Runs, two_nodes: TwoNodes, s3: Bucket) -> None:
    out = runs.new_output()
    two_nodes.order_stop(None, "encode")
    with runs.started(out, *on_ray(s3, two_nodes.address)) as run:
        wait_for(two_nodes.stopped)
        two_nodes.signal_second(signal.SIGKILL)
        printed, said = run.communicate(timeout=200)
    assert (run.returncode, said) == (3, ""), printed[:2000]
    assert runs.found(out) == runs.expected
    assert stored(s3) == []


def test_an_interrupted_run_leaves_no_object(runs: Runs, s3: Bucket) -> None:
    with runs.started(runs.new_output(), *on_ray(s3)) as run:
        wait_for(lambda: any("/job-" in key for key in stored(s3)))
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=100)
    assert (run.returncode, said) == (130, "")
    assert stored(s3) == []


@pytest.mark.parametrize("words", [["--workers", "1"], ["--engine", "ray", "--workers", "2"]], ids=["local", "ray"])
def test_the_next_run_removes_what_a_killed_one_left(runs: Runs, s3: Bucket, words: list[str]) -> None:
    out = runs.new_output()
    with runs.started(out, *on_ray(s3)) as run:
        wait_for(lambda: any("/job-" in key for key in stored(s3)))
        run.kill()
    wait_for(lambda: all(found.session != run.pid for found in processes()))
    assert stored(s3) != []
    assert runs.found(runs.convert(*words, out=out)) == runs.expected
    assert stored(s3) == []


def test_a_machine_that_the_storage_refuses_is_told_before_the_work(
    runs: Runs, s3: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    right = os.environ["AWS_SECRET_ACCESS_KEY"]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-that-is-secret")
    with TwoNodes(tmp_path) as strangers:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", right)
        command = runs.command(runs.new_output(), *on_ray(s3, strangers.address))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    message = json.loads(done.stdout)["exit_error"]["message"]
    assert (done.returncode, done.stderr) == (2, ""), message
    assert "of the Ray cluster cannot work through --ray-storage: " in message
    assert "refuses these credentials" in message
    assert "secret" not in message.lower()
    assert stored(s3) == []
