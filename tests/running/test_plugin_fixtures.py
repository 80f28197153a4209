"""``exportkit run`` with every plugin under fixtures/actions, as it lies there, in one process and twice over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML
from tests.running.plugins import exportkit

ROOT = Path(__file__).parents[2]
ACTIONS = ROOT / "fixtures" / "actions"
BUNDLES = ROOT / "fixtures" / "bundles"
SOURCES = {"target_assignment": "dm_v1_assignments", "target_ground_truth": "dm_v2_wrapped_ground_truth"}
FOLDERS = sorted(path.parent.name for path in ACTIONS.glob("*/config.yaml"))

#: Runs command lines one after the other and says what each did; stdout of each is taken where a shell would.
DRIVER = """
import json, os, sys
from exportkit.cli.main import main

commands = json.load(sys.stdin)
ran = []
for number, words in enumerate(commands):
    path, kept = f"{sys.argv[1]}/{number}.out", os.dup(1)
    target = os.open(path, os.O_CREAT | os.O_WRONLY)
    os.dup2(target, 1)
    try:
        main(words)
    except SystemExit as ended:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(target)
        os.close(kept)
        ran.append([ended.code, open(path).read()])
json.dump(ran, sys.stdout)
"""


class Told(NamedTuple):
    """What one run gave."""

    code: int
    result: Any
    files: list[str]


def given_of(name: str, out: Path) -> str:
    given = json.loads((ACTIONS / name / "params.json").read_text(encoding="utf-8"))
    if "output_dir" in given:
        given["output_dir"] = str(out)
    return json.dumps(given)


def words_of(name: str, out: Path) -> list[str]:
    (action,) = YAML(typ="safe").load((ACTIONS / name / "config.yaml").read_text(encoding="utf-8"))["actions"]
    source = str(BUNDLES / SOURCES.get(name, "seed_tasks"))
    words = ["--plugin", str(ACTIONS / name), "--source", source, "-o", str(out), "--params", given_of(name, out)]
    return ["run", action, *words]


def files_below(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("exportkit-")
    )


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Told], dict[str, Told]]:
    """Every plugin, and every plugin once more."""
    room = tmp_path_factory.mktemp("all")
    outs = [(name, room / f"{turn}-{name}") for turn in (1, 2) for name in FOLDERS]
    (room / "told").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(room / "told")],
        input=json.dumps([words_of(name, out) for name, out in outs]),
        capture_output=True,
        text=True,
        cwd=room,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    told = [
        Told(code, json.loads(text.replace(str(out), "OUT")) if text else None, files_below(out))
        for (code, text), (_, out) in zip(json.loads(done.stdout), outs, strict=True)
    ]
    assert sorted(path.name for path in room.iterdir()) == sorted(
        ["told", *(out.name for _, out in outs if out.exists())]
    )
    half = len(FOLDERS)
    return dict(zip(FOLDERS, told[:half], strict=True)), dict(zip(FOLDERS, told[half:], strict=True))


STEMS = ("empty", "harbour", "kiosk", "lake", "street")
LABELS = [f"exports/try/labels/{stem}.json" for stem in STEMS]
STEPS = {"success": True, "steps_executed": 3, "steps_total": 3}
WRITTEN = {"success": True, "exported_count": 5, "failed_count": 0, "status": "complete"}
EXPORTED = {**WRITTEN, "steps_total": 9, "output_path": "OUT/exports/try"}

#: Exit code, what the result has to hold, and the files that the export consists of.
EXPECTED: dict[str, tuple[int, Any, list[str]]] = {
    "aggregate": (0, EXPORTED, ["exports/try/classes.json"]),
    "client_and_progress": (0, {"total": 5}, []),
    "coco": (0, {"format": "coco", "exported_count": 5, "annotation_count": 23}, []),
    "custom_target": (
        0,
        {**EXPORTED, "exported_count": 2},
        ["exports/try/labels/1.json", "exports/try/labels/2.json"],
    ),
    "export_status": (0, {"values": ["success", "failed", "stand_by"], "same": True}, []),
    "flat_labels": (0, EXPORTED, [f"exports/try/{stem}.json" for stem in STEMS]),
    "generators": (0, {"processed": 5, "total": 5}, []),
    "handler_factory": (0, {"handler": "TaskExportTargetHandler", "ids": [1, 2, 3, 4, 5], "total": 5}, []),
    "key_methods": (0, STEPS, []),
    "metrics_record": (0, EXPORTED, LABELS),
    "multi_format": (0, {**STEPS, "exported_count": 5, "output_path": "OUT/annotations.json"}, ["annotations.json"]),
    "my_export": (
        0,
        {**WRITTEN, "output_path": "OUT/exports/my-export/My Export"},
        [
            *(f"exports/my-export/My Export/labels/{stem}.json" for stem in STEMS),
            "exports/my-export/My Export/metadata.json",
            *(f"exports/my-export/My Export/origin_files/{stem}" for stem in ("empty.jpg", "harbour.png", "kiosk.jpg")),
            *(f"exports/my-export/My Export/origin_files/{stem}" for stem in ("lake.png", "street.jpg")),
        ],
    ),
    "no_source": (0, [0, 1, 2], []),
    "own_base": (0, {"category": "export", "project_id": 1}, []),
    "own_context": (0, {"success": True, "steps_executed": 1, "steps_total": 1, "exported_count": 5}, []),
    "own_execute": (0, EXPORTED, LABELS),
    "own_exporter": (0, {"items": [1, 2, 3, 4, 5], "params": {"name": "try", "count": 5}}, []),
    "own_result": (0, {"same": True, "names": ["success", "data", "error", "rollback_data", "skipped"]}, []),
    "own_saving": (0, EXPORTED, [f"exports/try/texts/{number}.txt" for number in range(1, 6)]),
    "partial_errors": (3, {"exported_count": 4, "total_count": 5, "status": "partial"}, []),
    "progress_interval": (0, {"processed": 5, "interval": 1}, []),
    "release_handler": (0, EXPORTED, [f"exports/try/labels/{number}.json" for number in range(1, 6)]),
    "run_adapter": (0, EXPORTED, LABELS),
    "simple": (0, {"format": "coco", "exported_count": 5}, []),
    "stem_manifest": (0, EXPORTED, LABELS),
    "steps": (0, {**STEPS, "exported_count": 5, "output_path": "/tmp/export_output.json"}, []),
    "target_assignment": (0, {"ids": [21, 22, 23], "total": 3}, []),
    "target_ground_truth": (0, {"ids": [31, 32, 33], "total": 3}, []),
    "target_task": (0, {"ids": [1, 2, 3, 4, 5], "total": 5}, []),
}


def test_every_plugin_is_expected_to_do_something() -> None:
    assert sorted(EXPECTED) == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_every_plugin_runs_as_its_params_say(name: str, rounds: tuple[dict[str, Told], dict[str, Told]]) -> None:
    code, result, files = EXPECTED[name]

    told = rounds[0][name]

    assert told.code == code
    assert told.files == files
    if isinstance(result, dict):
        assert {key: told.result[key] for key in result} == result
    else:
        assert told.result == result


@pytest.mark.parametrize("name", FOLDERS)
def test_a_second_run_in_one_process_is_as_the_first(
    name: str, rounds: tuple[dict[str, Told], dict[str, Told]]
) -> None:
    assert rounds[1][name] == rounds[0][name]


@pytest.mark.parametrize("name", ["my_export", "partial_errors", "custom_target", "multi_format"])
def test_a_process_of_its_own_makes_no_difference(
    name: str, rounds: tuple[dict[str, Told], dict[str, Told]], tmp_path: Path
) -> None:
    out = tmp_path / "out"

    ran = exportkit(*words_of(name, out), cwd=tmp_path)

    result = json.loads(ran.out.replace(str(out), "OUT"))
    assert Told(ran.code, result, files_below(out)) == rounds[0][name]
