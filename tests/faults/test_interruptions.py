"""A run that is stopped at any moment publishes nothing, and the next one succeeds (product description, promise 4)."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conversion.workbench import Workbench, box, digest_of, item, png

from exportkit.testing import tree_digest

FORMATS = ["--to", "coco", "--to", "yolo:task=detect"]


@pytest.fixture
def bundle(bench: Workbench) -> Path:
    """A bundle whose conversion takes about a second."""
    boxes = [box(x=k % 25) for k in range(60)]
    lines = [item(n, *boxes, file="files/1/1.png", name=f"{n}.png") for n in range(1, 800)]
    return bench.bundle(lines, {"files/1/1.png": png()})


#: A record hook that stops encoding as long as a file is there, and says so; the survey passes.
_HOLDING = """
import os, time
from pathlib import Path
from exportkit.plugins import hookimpl

folder = Path(os.environ["HOLDING_FOLDER"])

@hookimpl
def exportkit_record_ready(record):
    if (folder / "place" / ".out.exportkit-run" / "stage" / "yolo" / "labels").exists():
        (folder / "held").touch()
        while (folder / "hold").exists():
            time.sleep(0.01)
    return record
"""


@pytest.fixture
def held_environment(bench: Workbench) -> dict[str, str]:
    """The environment of a run that stands still in the middle of its encoding until ``hold`` is gone."""
    information = bench.folder / "site" / "holding-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: holding\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[exportkit]\nholding = holding\n")
    (information.parent / "holding.py").write_text(_HOLDING)
    (bench.folder / "hold").touch()
    return {**os.environ, "PYTHONPATH": str(information.parent), "HOLDING_FOLDER": str(bench.folder)}


def _start(bundle: Path, out: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "exportkit", "convert", str(bundle), *FORMATS, "-o", str(out), *words]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, env=env
    )


def _wait_until_held(folder: Path, process: subprocess.Popen[str]) -> None:
    while not (folder / "held").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_in_mid_run_publishes_and_leaves_nothing(
    bench: Workbench, held_environment: dict[str, str], number: signal.Signals, code: int, workers: str
) -> None:
    bundle = bench.pictures(1, 2, 3)
    before = digest_of(bundle)
    process = _start(bundle, bench.out, "--workers", workers, env=held_environment)
    _wait_until_held(bench.folder, process)
    process.send_signal(number)
    (bench.folder / "hold").unlink()
    out, err = process.communicate(timeout=60)

    assert process.returncode == code, (out, err)
    assert "Traceback" not in err
    assert list(bench.out.parent.iterdir()) == []
    assert digest_of(bundle) == before


@pytest.mark.slow
def test_a_killed_run_leaves_the_old_output_or_the_new_one(bench: Workbench, bundle: Path) -> None:
    small = bench.bundle([item(1, box("old"))], name="small")
    assert bench.run("convert", small, *FORMATS, "-o", bench.out).code == 0
    old = tree_digest(bench.out)
    reference = bench.out.parent / "reference"
    begun = time.monotonic()
    process = _start(bundle, reference)
    process.communicate(timeout=60)
    assert process.returncode == 0
    lasted = time.monotonic() - begun
    new = tree_digest(reference)
    chance = random.Random(5)
    for _ in range(4):
        process = _start(bundle, bench.out, "--overwrite", "--workers", "1")
        time.sleep(chance.uniform(0.2, lasted))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        assert tree_digest(bench.out) in {old, new}
        assert bench.run("verify", bench.out).code == 0
    assert bench.run("convert", bundle, *FORMATS, "-o", bench.out, "--overwrite").code == 0
    assert tree_digest(bench.out) == new
    assert sorted(path.name for path in bench.out.parent.iterdir()) == ["out", "reference"]


def _no_large_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_a_refused_write_is_exit_7_and_leaves_nothing(bench: Workbench, bundle: Path) -> None:
    run = bench.program("convert", bundle, *FORMATS, "-o", bench.out, "--json", preexec_fn=_no_large_files)

    assert run.returncode == 7, (run.stdout, run.stderr)
    assert json.loads(run.stdout)["exit_error"]["code"] == 7
    assert "Traceback" not in run.stderr
    assert list(bench.out.parent.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one mebibyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_full_disk_is_exit_7_and_leaves_nothing(
    bench: Workbench, bundle: Path, small_disk: Path, workers: str
) -> None:
    run = bench.program("convert", bundle, *FORMATS, "-o", small_disk / "out", "--json", "--workers", workers)

    assert run.returncode == 7, (run.stdout, run.stderr)
    assert "space" in json.loads(run.stdout)["exit_error"]["message"]
    assert "Traceback" not in run.stderr
    assert list(small_disk.iterdir()) == []
