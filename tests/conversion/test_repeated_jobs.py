"""Jobs that are done twice, as an engine may that has lost a machine, give the tree that one attempt gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.conversion.workbench import FIXTURES, FOUR, Workbench

from exportkit.conversion.lists import FileEntry, FileRun, StoredRun, merge_runs
from exportkit.engines import InProcessEngine
from exportkit.errors import ConversionFailed
from exportkit.testing import tree_digest
from exportkit.testing.tree_digest import lists_as_data

Job = TypeVar("Job")
Result = TypeVar("Result")

BUNDLES = ("dirty", "odd_pictures", "splits", "twins_shuffled", "ugly_names")


class TwiceEngine(InProcessEngine):
    """Does every job twice, and gives the result of one of the attempts."""

    repeats = True

    def __init__(self, chosen: int) -> None:
        self._chosen = chosen
        self.attempts = 0

    def map_ordered(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], window: int | None = None
    ) -> Iterator[Result]:
        for job in jobs:
            results = [function(job), function(job)]
            self.attempts += 2
            yield results[self._chosen]


@pytest.mark.parametrize("media", ["copy", "hardlink", "symlink", "none"])
@pytest.mark.parametrize("chosen", [0, 1])
@pytest.mark.parametrize("bundle", BUNDLES)
def test_two_attempts_give_the_tree_of_one(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, bundle: str, chosen: int, media: str
) -> None:
    words = [word for name in FOUR for word in ("--to", name)] + ["--media", media]
    once = bench.convert(FIXTURES / "bundles" / bundle, *words)
    expected = (once.code, tree_digest(bench.out), lists_as_data(bench.out))
    engine = TwiceEngine(chosen)

    def opened(*_words: Any, **_more: Any) -> TwiceEngine:
        return engine

    # The package has a function of the module's name.
    monkeypatch.setattr(import_module("exportkit.conversion.convert"), "open_engine", opened)
    twice = bench.convert(FIXTURES / "bundles" / bundle, *words, "--overwrite")

    assert engine.attempts >= 4
    assert (twice.code, tree_digest(bench.out), lists_as_data(bench.out)) == expected


def test_a_file_that_two_jobs_give_is_told(tmp_path: Path) -> None:
    runs = []
    for number, names in enumerate((["a", "c"], ["b", "c", "d"])):
        run = FileRun.of([FileEntry(name, 1, "0") for name in names])
        path = tmp_path / str(number)
        path.write_bytes(run.lines)
        runs.append(StoredRun(path, run.first, run.last))

    with pytest.raises(ConversionFailed, match="gave the file 'c' twice"):
        list(merge_runs(runs))
