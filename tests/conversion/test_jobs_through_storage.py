"""Machines need not see the output's folder: what jobs make elsewhere comes back as objects, to the same tree."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import FIXTURES, FOUR, Workbench
from tests.engines.through_storage import ThroughStorage

from exportkit.testing import tree_digest
from exportkit.testing.tree_digest import lists_as_data

BUNDLES = ("dirty", "odd_pictures", "splits", "twins_shuffled", "ugly_names")


@pytest.mark.parametrize("words", [["--media", "copy"], ["--media", "symlink"], ["--media", "none"], ["--sink", "tar"]])
@pytest.mark.parametrize("chosen", [0, 1])
@pytest.mark.parametrize("bundle", BUNDLES)
def test_jobs_that_go_through_a_storage_give_the_same_tree(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: str, chosen: int, words: list[str]
) -> None:
    words = [*(word for name in FOUR for word in ("--to", name)), *words]
    once = bench.convert(FIXTURES / "bundles" / bundle, *words)
    expected = (once.code, tree_digest(bench.out), lists_as_data(bench.out))
    objects = tmp_path / "objects"
    engines = []

    def opened(*_words: Any, root: Path, reads: list[Path], **_more: Any) -> ThroughStorage:
        engines.append(ThroughStorage(objects, root, reads, chosen))
        return engines[-1]

    # The package has a function of the module's name.
    monkeypatch.setattr(import_module("exportkit.conversion.convert"), "open_engine", opened)
    again = bench.convert(FIXTURES / "bundles" / bundle, *words, "--overwrite")

    assert engines[0].jobs >= 2
    assert (again.code, tree_digest(bench.out), lists_as_data(bench.out)) == expected
    assert [*objects.iterdir()] == []
