"""What users name or directories hold may lie, nest without end or never end; it ends in one plain sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item

DEEP = "[" * 20_000
LAUGHS = "a: &a [x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text", [DEEP, "- " * 20_000, "{a: " * 20_000, LAUGHS], ids=["flow", "block", "maps", "aliases"]
)
@pytest.mark.parametrize("option", ["--lock", "--classes", "--recipe", "--input"])
def test_yaml_that_nests_or_refers_without_end_is_refused_in_words(bench: Workbench, option: str, text: str) -> None:
    path = bench.folder / "given.yaml"
    path.write_text(text)
    words = ("--input", f"skeleton={path}") if option == "--input" else (option, path)

    run = bench.convert(bench.bundle([item(1, box())]), *words)

    assert run.code == 2
    message = run.data["exit_error"]["message"]
    assert "given.yaml" in message
    assert "nested" in message or "alias" in message


@pytest.mark.parametrize("text", [DEEP, LAUGHS], ids=["deep", "aliases"])
def test_a_data_yaml_that_nests_or_refers_without_end_is_a_finding(bench: Workbench, text: str) -> None:
    folder = bench.folder / "set"
    folder.mkdir()
    (folder / "data.yaml").write_text(text)

    run = bench.run("check", folder, "--json", "--format", "yolo")

    assert run.code == 4
    assert "C_YOLO_YAML" in run.out


def test_a_line_of_a_split_file_that_never_ends_is_refused(bench: Workbench) -> None:
    path = bench.folder / "splits.jsonl"
    path.write_bytes(b'{"record": 1, "split": "train"}\n{"record": "' + b"x" * (2 << 20))

    run = bench.convert(bench.bundle([item(1, box())]), "--split-file", path)

    assert run.code == 2
    assert "Line 2 " in run.data["exit_error"]["message"]


@pytest.mark.parametrize(
    "datasets",
    [
        [],
        [5],
        [{"path": "."}],
        [{"path": ".."}],
        [{"path": "/etc"}],
        [{"path": "link"}],
        [{"path": "a/../.."}],
        [{"path": "gone"}],
        [{"path": "a"}, {"path": "\0"}],
    ],
)
def test_a_manifest_that_names_no_dataset_of_its_own_passes_nothing(bench: Workbench, datasets: Any) -> None:
    folder = bench.folder / "several"
    (folder / "a").mkdir(parents=True)
    (folder / "link").symlink_to(".")
    (folder / "exportkit-manifest.json").write_text(json.dumps({"datasets": datasets}))

    run = bench.run("check", folder, "--json")

    assert run.code == 2
    assert "no folder in it" in run.data["exit_error"]["message"] or "No format recognises" in run.out


def test_several_datasets_are_checked_one_by_one(bench: Workbench, tmp_path: Path) -> None:
    bench.convert(bench.bundle([item(1, box())]), "--to", "coco", "--to", "csv")

    run = bench.run("check", bench.out, "--json")

    assert [entry["format"] for entry in run.data["datasets"]] == ["coco", "csv"]
