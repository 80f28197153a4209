"""One run on a drawn bundle, with what must hold for every run whatever was drawn."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conversion.workbench import Run, Workbench, assert_balanced
from tests.properties.things import Scene

#: What ends a run with exit code 8 by right: the message says so.
RIGHTFUL = (
    "Every record failed",
    "neither a val nor a test folder",
    "names a folder without a picture",
    "leaves no record in train",
    "There is no train folder",
)


@contextmanager
def bench_with(scene: Scene) -> Iterator[tuple[Workbench, Path]]:
    """A workbench and the bundle of a scene, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        yield bench, bench.bundle(scene.lines(), scene.files())


def convert(bench: Workbench, bundle: Path, specs: Sequence[str], *words: str) -> tuple[Run, list[str]]:
    """Convert to all of ``specs``; where every record of one fails, that one is left out. What ran, and for which."""
    left = list(specs)
    while True:
        run = bench.convert(bundle, *(word for spec in left for word in ("--to", spec)), "--loss-list", "all", *words)
        if run.code in {0, 3}:
            return run, left
        message = str(run.data["exit_error"]["message"])
        assert run.code == 8, run
        assert any(reason in message for reason in RIGHTFUL), message
        if len(left) == 1:
            return run, []
        # Which of them it was is told best by each alone.
        good = [spec for spec in left if _runs(bench, bundle, spec, words)]
        assert len(good) < len(left), message
        left = good
        if not left:
            return run, []


def _runs(bench: Workbench, bundle: Path, spec: str, words: Sequence[str]) -> bool:
    run = bench.convert(bundle, "--to", spec, "--loss-list", "all", "--dry-run", *words)
    if run.code in {0, 3}:
        return True
    assert run.code == 8, run
    assert any(reason in run.data["exit_error"]["message"] for reason in RIGHTFUL), run
    return False


def outputs(run: Run) -> dict[str, dict[str, Any]]:
    """Accounts by label, balanced, without a mistake of a writer."""
    found = {}
    for output in run.data["outputs"]:
        assert_balanced(output)
        assert "E_WRITER" not in output["codes"], json.dumps(output)
        found[output["name"]] = output
    return found


def label_of(spec: str) -> str:
    """The folder of an output among several."""
    return spec.rpartition("as=")[2]
