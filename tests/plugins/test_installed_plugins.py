"""The sample distributions in `fixtures/plugins`, really installed by pip into a throw-away environment.

The mark `pip` stands for tests that build and install distributions; they need hatchling and no network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.pip

SAMPLES = Path(__file__).parents[2] / "fixtures" / "plugins"

LIST = """
import json, msgspec
from exportkit.plugins import PluginManager
from exportkit.plugins.listing import formats, plugins
manager = PluginManager.load()
print(json.dumps(msgspec.to_builtins({"formats": formats(manager), "plugins": plugins(manager)})))
"""


class Environment:
    """A virtual environment that also sees what the tests run with."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        self.python = Path(folder, "Scripts" if os.name == "nt" else "bin", "python")
        own = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
        shared = sysconfig.get_path("purelib")
        Path(own, "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n", encoding="utf-8")

    def pip(self, *arguments: str) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        ran = subprocess.run([*pip, *arguments], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr

    def install(self, *samples: str) -> None:
        paths = [str(SAMPLES / sample) for sample in samples]
        self.pip("install", "--no-index", "--no-deps", "--no-build-isolation", *paths)

    def run(self, code: str, **environ: str) -> str:
        ran = subprocess.run(
            [str(self.python), "-c", code],
            capture_output=True,
            text=True,
            env={**os.environ, **environ},
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def listed(self, **environ: str) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
        shown = json.loads(self.run(LIST, **environ))
        return shown["formats"], {plugin["name"]: plugin for plugin in shown["plugins"]}


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with all the samples."""
    pytest.importorskip("hatchling")
    environment = Environment(tmp_path_factory.mktemp("crowded"))
    environment.install("good", "twin", "broken-import", "mistyped-hook", "newer-api")
    return environment


def test_an_installed_format_is_there_and_gone_after_it_is_removed(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    environment = Environment(tmp_path / "environment")

    environment.install("good")
    formats, _ = environment.listed()
    lines = [entry for entry in formats if entry["name"] == "lines"]
    assert [(entry["distribution"], entry["version"], entry["checked"]) for entry in lines] == [
        ("exportkit-lines", "1.2.0", True)
    ]
    assert lines[0]["options"][0]["type"] == "name|index"

    environment.pip("uninstall", "--yes", "exportkit-lines")
    formats, plugins = environment.listed()
    assert "lines" not in [entry["name"] for entry in formats]
    assert "exportkit-lines:lines" not in plugins


def test_the_broken_samples_are_reported_each_with_its_reason(crowded: Environment) -> None:
    _, plugins = crowded.listed()

    assert plugins["exportkit-lines:lines"]["status"] == "loaded"
    for name, words in {
        "exportkit-broken:broken": "ModuleNotFoundError: No module named 'a_module_that_nobody_has_installed'",
        "exportkit-mistyped:mistyped": "exportkit_register_writer, which is no hook; did you mean exportkit_reg",
        "exportkit-newer:newer": "version 99 of the plugin interface",
    }.items():
        assert plugins[name]["status"] == "broken"
        assert words in plugins[name]["reason"]


def test_an_entry_point_of_the_same_name_replaces_nothing(crowded: Environment) -> None:
    _, plugins = crowded.listed()

    assert plugins["exportkit-twin:coco"]["status"] == "loaded"
    assert plugins["exportkit-twin:coco"]["registers"] == {"writers": ["coco"]}
    assert "exportkit:coco" in plugins


def test_two_writers_of_one_name_are_an_error_until_the_user_chooses(crowded: Environment) -> None:
    formats, _ = crowded.listed()
    assert [entry["spec"] for entry in formats if entry["name"] == "coco"] == ["coco@exportkit", "coco@exportkit-twin"]

    ask = "from exportkit.plugins import PluginManager; print(PluginManager.load().writer({!r}).plugin)"
    assert crowded.run(ask.format("coco@exportkit-twin")) == "exportkit-twin:coco\n"
    assert crowded.run(ask.format("coco@exportkit")) == "exportkit:coco\n"
    assert crowded.run(ask.format("coco"), EXPORTKIT_BLOCK_PLUGINS="exportkit-twin:coco") == "exportkit:coco\n"
    refused = (
        "from exportkit.plugins import PluginManager\nfrom exportkit.errors import UsageError\n"
        "try: PluginManager.load().writer('coco')\nexcept UsageError as error: print(error)"
    )
    assert "owned by exportkit and exportkit-twin" in crowded.run(refused)


def test_a_blocked_plugin_is_not_imported(crowded: Environment, tmp_path: Path) -> None:
    calls = tmp_path / "calls"

    formats, plugins = crowded.listed(EXPORTKIT_BLOCK_PLUGINS="lines", EXPORTKIT_LINES_CALLS=str(calls))

    assert plugins["exportkit-lines:lines"]["status"] == "blocked"
    assert "lines" not in [entry["name"] for entry in formats]
    assert not calls.exists()


def test_the_good_sample_implements_every_hook_and_each_is_called(crowded: Environment, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    ask = """
from exportkit.plugins import PluginManager
from exportkit.records import Record
from exportkit.writing import AcquisitionNeeds, AcquisitionRequest
manager = PluginManager.load()
needs = manager.acquisition_needs(AcquisitionRequest("task", ("lines",), keeps_originals=False))
assert needs == AcquisitionNeeds(sizes=True, classes=True), needs
assert manager.item_hooks({"id": 7}) == {"id": 7}
record = Record(item_id=8, annotations=())
assert manager.record_hooks(record) is record
assert manager.published_hooks("result") == []
"""
    crowded.run(ask, EXPORTKIT_LINES_CALLS=str(calls))

    from exportkit.plugins.hookspecs import ExportkitSpec

    seen = calls.read_text(encoding="utf-8").splitlines()
    assert {call.split()[0] for call in seen} == {name for name in vars(ExportkitSpec) if name.startswith("exportkit_")}
    assert "exportkit_item_acquired 7" in seen
    assert "exportkit_record_ready 8" in seen


def test_the_good_sample_encodes_reads_and_checks_its_own_format(crowded: Environment) -> None:
    ask = """
import json
from exportkit.normalize import LineNormalizer
from exportkit.plugins import PluginManager
from exportkit.writing import Piece, Placement, Plan
manager = PluginManager.load()
rows = {"boxes": [["car", 1, 2, 3, 4], ["car", 90, 0, 20, 5], ["dog", 1, 1, 0, 1], [7]]}
line = json.dumps({"id": 1, "data": rows, "data_unit": {"name": "x.jpg", "width": 100, "height": 80}})
(record,) = LineNormalizer(normalizers=manager.normalizers_in_turn()).records(line.encode())
plan = Plan(("car", "dog"), {"car": 0, "dog": 1}, (), {"box": 3}, {"image": 1}, 1, True)
entry = manager.writer("lines")
encoded = entry.cls(entry.cls.options_model(labels="index"), plan).encode(record, Placement("train", "x.jpg", "x", 0))
print([outcome.codes for outcome in encoded.outcomes], [fault.code for fault in record.rejected])
print(encoded.streams["boxes.jsonl#lines"].decode(), end="")
check = manager.checker_of(entry).cls(None)
good = check.check_pieces([Piece("boxes.jsonl", encoded.streams["boxes.jsonl#lines"])])
bad = check.check_pieces([Piece("boxes.jsonl", b"{}\\n", line=4)])
print(good.objects, good.findings, [(finding.code, finding.line) for finding in bad.findings])
"""

    assert crowded.run(ask).splitlines() == [
        "[(), ('L_CLIPPED',), ('E_BOX_ZERO_AREA',)] ['E_ANNOTATION']",
        '{"file":"images/train/x.jpg","width":100,"height":80,"boxes":[[0,1,2,4,6],[0,90,0,100,5]]}',
        "2 [] [('C_LINES_JSON', 4)]",
    ]
