"""Bundles, ways to datasets of them, and a cluster of two nodes with a token, all on this machine."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conversion.workbench import Workbench, item, png
from tests.ray.runs import Runs

if TYPE_CHECKING:
    from tests.ray.two_nodes import TwoNodes

_RECORDS = 600
#: What makes lines long without making them slow.
_NOTE = 36_000


def pytest_configure(config: pytest.Config) -> None:
    """What Ray reads when it is imported: tokens, loopback, silence, and a folder with a short name for its sockets."""
    folder = tempfile.mkdtemp(prefix="ek-", dir="/tmp")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ.update(
        {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
            "RAY_TMPDIR": folder,
            # Processes of a cluster import the tests' own modules.
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
    )


def mask(x: int, y: int, width: int, height: int) -> dict[str, Any]:
    """A rectangle on a grid of 40×30 as runs, column after column, with a corner missing."""
    counts = [30 * x + y, *[height, 30 - height] * (width - 1), height - 3]
    return {"size": [30, 40], "counts": [*counts, 1200 - sum(counts)]}


def record(identity: int, draw: random.Random) -> dict[str, Any]:
    """A line with an outline, a mask, a box, a split and a long note.

    Every seventh name stands in two folders, every hundredth file is missing.
    """
    name = f"{'ab'[identity % 2]}/{identity // 14 if identity % 7 == 0 else identity}.png"
    x, y = draw.randint(0, 9), draw.randint(0, 9)
    outline = [[x, y, x + 20, y, x + 25, y + 15, x, y + 18]]
    notes = {"note": draw.randbytes(_NOTE // 2).hex()}
    annotations = [
        {"category": draw.choice(["cat", "dog"]), "bbox": [x, y, 25, 18], "segmentation": outline, "attributes": notes},
        {
            "category": draw.choice(["fish", "dog"]),
            "segmentation": mask(x, y, draw.randint(4, 20), draw.randint(4, 15)),
        },
        {"category": "bird", "bbox": [x, y, draw.uniform(1, 20), 5.5]},
    ]
    file = f"files/{identity}/{identity if identity % 100 else 'absent'}.png"
    return item(identity, *annotations, name=name, file=file, split=draw.choice(["train", "train", "val", "test"]))


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of half a dozen shards, out of order, with pictures, and with lines that fail."""
    draw = random.Random(7)
    identities = list(range(1, _RECORDS + 1))
    lines: list[Any] = [record(identity, draw) for identity in identities]
    lines[40] = b"{"
    lines[500] = lines[400]
    draw.shuffle(lines)
    files = {f"files/{n}/{n}.png": png() for n in identities if n % 100}
    return Workbench(tmp_path_factory.mktemp("bundle")).bundle(lines, files)


@pytest.fixture(scope="session")
def runs(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(bundle, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    """Two nodes for all tests that leave them whole."""
    from tests.ray.two_nodes import TwoNodes

    with TwoNodes(tmp_path_factory.mktemp("cluster")) as nodes:
        yield nodes


@pytest.fixture
def two_nodes(tmp_path: Path) -> Iterator[TwoNodes]:
    """A cluster that the test may damage."""
    from tests.ray.two_nodes import TwoNodes

    with TwoNodes(tmp_path) as nodes:
        yield nodes
