"""One tree of bytes, wherever it is made (product: promise 3), also where machines are lost (reliability, row 36)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from tests.made_once import PythonMissing
from tests.ray.other_python import Installed, newest_python
from tests.ray.processes import processes, wait_for
from tests.ray.runs import Runs
from tests.ray.two_nodes import TwoNodes

from exportkit.conversion.survey import SHARD_BYTES

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module", params=["require", "0"], ids=["compiled", "pure"])
def python_3_13(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """exportkit for the newest Python, with and without its compiled core."""
    try:
        return newest_python(tmp_path_factory.mktemp("python"), request.param)
    except PythonMissing as missing:
        pytest.skip(str(missing))


def test_the_tree_holds_what_may_come_out_differently(runs: Runs, bundle: Path) -> None:
    assert (bundle / "task/part-00001.jsonl").stat().st_size > 4 * SHARD_BYTES
    for name in ("coco", "yolo", "voc", "csv"):
        manifest = json.loads((runs.first / name / "exportkit-manifest.json").read_bytes())
        assert {split["name"] for split in manifest["splits"]} == {"train", "val", "test"}
        assert {entry["name"] for entry in manifest["classes"]} == {"bird", "cat", "dog", "fish"}
    annotations = json.loads((runs.first / "coco/annotations/instances_train.json").read_bytes())["annotations"]
    assert {type(annotation["segmentation"]) for annotation in annotations} == {dict, list}
    assert len([*(runs.first / "voc").rglob("*.png")]) > 500


@pytest.mark.parametrize("workers", ["2", "3", "7"])
def test_any_number_of_local_workers_gives_the_same_tree(runs: Runs, workers: str) -> None:
    assert runs.found(runs.convert("--workers", workers)) == runs.expected


@pytest.mark.parametrize("workers", ["1", "2"])
def test_another_python_gives_the_same_tree(runs: Runs, python_3_13: Installed, workers: str) -> None:
    assert runs.found(runs.convert("--workers", workers, installed=python_3_13)) == runs.expected


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ray_on_this_machine_gives_the_same_tree(runs: Runs, workers: str) -> None:
    assert runs.found(runs.convert("--engine", "ray", "--workers", workers)) == runs.expected


def test_two_nodes_give_the_same_tree(runs: Runs, cluster: TwoNodes) -> None:
    assert runs.found(runs.convert("--engine", "ray", "--ray-address", cluster.address)) == runs.expected


@pytest.mark.parametrize("stage", ["survey", "encode"])
def test_a_node_that_dies_in_the_middle_costs_nothing_but_time(runs: Runs, two_nodes: TwoNodes, stage: str) -> None:
    out = runs.new_output()
    two_nodes.order_stop(out, stage)
    with runs.started(out, "--engine", "ray", "--ray-address", two_nodes.address) as run:
        wait_for(two_nodes.stopped)
        two_nodes.signal_second(signal.SIGKILL)
        assert_done(run)
    assert runs.found(out) == runs.expected


def test_a_node_that_was_only_silent_disturbs_nobody_when_it_is_back(runs: Runs, two_nodes: TwoNodes) -> None:
    out = runs.new_output()
    two_nodes.order_stop(out, "encode")
    with runs.started(out, "--engine", "ray", "--ray-address", two_nodes.address) as run:
        worker = wait_for(two_nodes.stopped)
        two_nodes.signal_second(signal.SIGSTOP)
        assert_done(run)
        assert runs.found(out) == runs.expected
        # It goes on where it stood, with a file half written.
        os.kill(worker.pid, signal.SIGCONT)
        two_nodes.signal_second(signal.SIGCONT)
        wait_for(lambda: worker not in processes())
    assert runs.found(out) == runs.expected
    assert sorted(path.name for path in out.parent.iterdir()) == ["out"]


def test_a_head_that_dies_in_the_middle_ends_the_run_in_a_sentence(
    runs: Runs, two_nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # After so many seconds without it, Ray ends the process that is connected.
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "3")
    out = runs.new_output()
    two_nodes.order_stop(out, "encode")
    with runs.started(out, "--engine", "ray", "--ray-address", two_nodes.address) as run:
        # A worker that is stopped keeps the run from being through before it learns of the loss.
        wait_for(two_nodes.stopped)
        two_nodes.lose_head()
        printed, said = run.communicate(timeout=200)
    assert (run.returncode, said) == (5, ""), printed[:2000]
    assert "The connection to the Ray cluster" in json.loads(printed)["exit_error"]["message"]
    assert not out.parent.exists()


def assert_done(run: subprocess.Popen[str]) -> None:
    printed, said = run.communicate(timeout=200)
    assert (run.returncode, said) == (3, ""), printed[:2000]
    assert printed.count("\n") == 1
