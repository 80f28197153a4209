"""Exporters that fill in the template give one tree, whoever acquires, with their originals."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.parity.backends import serving
from tests.parity.ways import WAYS, Found, found_in
from tests.server.process import Announced

from exportkit.running.runner import run_action

pytestmark = pytest.mark.parity

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "fixtures" / "bundles" / "seed_tasks"
ACTIONS = ROOT / "fixtures" / "actions"
EXPORTERS = ["my_export", "flat_labels", "stem_manifest"]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Announced]:
    with serving(tmp_path_factory.mktemp("served"), bundle=BUNDLE) as served:
        yield served.account


def exported(name: str, way: str, account: Announced, out: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """What the plugin makes; ``source`` asks nobody."""
    given: dict[str, Any] = json.loads((ACTIONS / name / "params.json").read_text(encoding="utf-8"))
    given |= account.params("task", save_original_file=True)
    where: dict[str, Any] = {"source": BUNDLE}
    if way != "source":
        given |= WAYS[way].params
        where = {"connection": account.connection}
        for key, value in WAYS[way].environment.items():
            monkeypatch.setenv(key, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        run_action(ACTIONS / name, "export", given, output=out, **where)
    return found_in(out / "exports" / "x")


@pytest.mark.parametrize("name", EXPORTERS)
def test_one_tree_with_originals(
    name: str, account: Announced, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = exported(name, "source", account, tmp_path / "source", monkeypatch)
    assert list((tmp_path / "source").rglob("origin_files/*")), "no original was saved"

    for way in WAYS:
        with monkeypatch.context() as patched:
            found = exported(name, way, account, tmp_path / way, patched)
        assert found.account == wanted.account, way
        assert found.digest == wanted.digest, way
