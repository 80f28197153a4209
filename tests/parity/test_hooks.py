"""Plugins that pip installed see the same calls, and have the same say, wherever items come from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.parity.backends import Served, serving
from tests.parity.ways import OFFLINE, WAYS, Found, command, found_in, offline_command
from tests.plugins.test_installed_plugins import Environment
from tests.server.process import Announced

pytestmark = [pytest.mark.pip, pytest.mark.parity]

BUNDLES = Path(__file__).parents[2] / "fixtures" / "bundles"
EVERY_WAY = [*WAYS, *OFFLINE]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    pytest.importorskip("hatchling")
    made = Environment(tmp_path_factory.mktemp("environment"))
    made.install("recorder", "every-third")
    return made


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "server", bundle=BUNDLES / request.param) as server:
        yield server


def target_of(bundle: Path) -> str:
    return "ground_truth" if (bundle / "ground_truth").is_dir() else "task"


class Exporter:
    """Exports one bundle any way, with the plugins of an environment."""

    def __init__(self, environment: Environment, served: Served, folder: Path) -> None:
        assert served.bundle is not None
        self._python = str(environment.python)
        self._account: Announced = served.account
        self._bundle = served.bundle
        self._folder = folder

    def export(self, way: str, *formats: str, word: str = "") -> tuple[Path, list[list[Any]]]:
        """The dataset, and the noted calls: sorted, those for items and records by their id."""
        out, calls = self._folder / way, self._folder / f"{way}.calls"
        target = target_of(self._bundle)
        own = {"EXPORTKIT_RECORDER": str(calls), "EXPORTKIT_EVERY_THIRD": word}
        if way in OFFLINE:
            words = offline_command(way, self._bundle, target, list(formats), out)
            made = out if way == "convert" else out / "exports" / "x"
        else:
            words = command(self._account, way, target, out, formats=list(formats))
            made = out / "exports" / "x"
            own |= WAYS[way].environment
        ended = subprocess.run(
            [self._python, *words[1:]],
            capture_output=True,
            text=True,
            check=False,
            env={**self._account.environment, **own},
        )
        assert ended.returncode in {0, 3}, ended.stderr
        noted = [json.loads(line) for line in calls.read_text(encoding="utf-8").splitlines()]
        return made, sorted(noted, key=lambda call: (call[0], call[1] or 0, json.dumps(call[2], sort_keys=True)))


@pytest.fixture
def exporter(environment: Environment, served: Served, tmp_path: Path) -> Exporter:
    return Exporter(environment, served, tmp_path)


@pytest.mark.parametrize("served", ["seed_tasks", "dm_v2_wrapped_ground_truth", "odd_pictures"], indirect=True)
def test_every_way_makes_the_same_calls_with_the_same_arguments(exporter: Exporter) -> None:
    _, wanted = exporter.export("convert", "coco", "voc")
    ((_, _, request),) = [call for call in wanted if call[0] == "plan_acquisition"]
    assert (request["formats"], request["keeps_originals"]) == (["coco", "voc"], True)

    for way in EVERY_WAY[:-1]:
        _, calls = exporter.export(way, "coco", "voc")
        assert calls == wanted, way


@pytest.mark.parametrize("served", ["seed_tasks"], indirect=True)
@pytest.mark.parametrize("word", ["drop", "change"])
def test_a_plugin_that_takes_every_third_item_gives_one_tree(exporter: Exporter, word: str) -> None:
    found: dict[str, Found] = {}
    for way in EVERY_WAY:
        made, _ = exporter.export(way, "coco", word=word)
        found[way] = found_in(made)

    for way in EVERY_WAY:
        assert found[way] == found["convert"], way
    manifest = found["convert"].account["exportkit-manifest.json"]
    thirds = manifest["records"]["listed"] // 3
    splits = {split["name"]: split["records"] for split in manifest["splits"]}
    assert thirds > 0
    assert manifest["records"]["filtered"] == (thirds if word == "drop" else 0)
    assert splits.get("val", 0) == (thirds if word == "change" else 0)
