"""Each rule of ``check`` is broken by a damage that it is there for, and names the place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.check.coco_damages import COCO_CASES, ROLE_CASES
from tests.check.csv_damages import CSV_CASES, DIALECT_CASES
from tests.check.damage import Case
from tests.check.general_damages import GENERAL_CASES
from tests.check.voc_damages import VOC_CASES
from tests.check.yolo_damages import YOLO_CASES

from exportkit.conversion import check_dataset
from exportkit.errors import UsageError
from exportkit.plugins import PluginManager
from exportkit.writing import Finding
from exportkit.writing.codes import CODES

CASES = [*GENERAL_CASES, *COCO_CASES, *ROLE_CASES, *YOLO_CASES, *VOC_CASES, *CSV_CASES, *DIALECT_CASES]
Copy = Callable[[str], Path]
Check = Callable[[Path], list[Finding]]

#: Rules that look at datasets of ours alone, broken below.
OURS = {"C_COUNTS"}


@pytest.mark.parametrize("dataset", sorted({case.dataset for case in CASES}))
def test_a_sound_dataset_of_anybody_passes(strange: Copy, check: Check, dataset: str) -> None:
    assert check(strange(dataset)) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.dataset}")
def test_a_damage_is_found_where_it_is(strange: Copy, check: Check, case: Case) -> None:
    folder = strange(case.dataset)
    case.damage(folder)

    found = check(folder)

    told = [(f.code, f.severity, f.file, f.line if isinstance(case.place, int) else f.json_path) for f in found]
    place = case.place
    matches = [
        entry
        for entry in told
        if entry[:3] == (case.code, case.severity, case.file)
        and (entry[3] == place or (isinstance(place, str) and str(entry[3] or "").startswith(place)) or place is None)
    ]
    assert matches, told


def test_every_code_of_check_has_a_damage() -> None:
    broken = {case.code for case in CASES}
    codes = {code for code in CODES if code.startswith("C_")}

    assert codes - OURS <= broken, "write a damage for the rule"
    assert broken <= codes


def test_every_severity_of_a_code_has_a_damage() -> None:
    broken = {(case.code, case.severity) for case in CASES}
    both = {code for code, told in CODES.items() if told.severity == "error or warn"}

    assert {code for code in both if {(code, "error"), (code, "warn")} <= broken} | ONLY_OURS >= both


#: Their warnings need a manifest of ours, or a picture of many pixels; both are tested below.
ONLY_OURS = {"C_IMAGE_MISSING", "C_IMAGE_SIZE", "C_COCO_MIXED", "C_CSV_FORMULA"}


def edited_manifest(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "exportkit-manifest.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))


def test_a_dataset_of_ours_passes(own: Copy, check: Check) -> None:
    assert check(own("detect")) == []


def test_objects_that_the_manifest_does_not_count_are_an_error(own: Copy, check: Check) -> None:
    folder = own("detect")
    edited_manifest(folder, lambda manifest: manifest.update(objects=9))

    (finding,) = check(folder)

    assert (finding.code, finding.severity, finding.file) == ("C_COUNTS", "error", "exportkit-manifest.json")


def test_a_picture_that_was_never_there_is_a_warning(own: Copy, check: Check) -> None:
    folder = own("coco")
    (folder / "images/train/a.jpg").unlink()
    edited_manifest(folder, lambda manifest: manifest["codes"].update(N_NO_MEDIA={"": 1}))

    told = [(finding.code, finding.severity) for finding in check(folder)]

    assert ("C_IMAGE_MISSING", "warn") in told
    assert ("C_IMAGE_MISSING", "error") not in told


def png_header(width: int, height: int) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("dataset", "path", "code", "severity"),
    [
        ("detect", "images/train/a.jpg", "C_YOLO_FORMAT", "error"),
        ("retinanet", "images/a.jpg", "C_IMAGE_SIZE", "warn"),
    ],
)
def test_too_many_pixels_are_told_and_allocate_nothing(
    strange: Copy, check: Check, dataset: str, path: str, code: str, severity: str
) -> None:
    folder = strange(dataset)
    (folder / path).write_bytes(png_header(60_000, 60_000))

    assert (code, severity, path) in [(f.code, f.severity, f.file) for f in check(folder)]


def test_a_picture_in_two_lists_is_a_leak(strange: Copy, check: Check) -> None:
    folder = strange("detect")
    (folder / "data.yaml").write_text('train: train.txt\nval: val.txt\nnames:\n  0: "cat"\n  1: "dog"\n')
    (folder / "train.txt").write_text("./images/train/a.jpg\n./images/train/b.jpg\n./images/val/c.jpg\n")
    (folder / "val.txt").write_text("./images/val/c.jpg\n")

    (finding,) = check(folder)

    assert (finding.code, finding.severity, finding.file) == ("C_SPLIT_LEAK", "warn", "images/val/c.jpg")


def test_datasets_of_one_run_are_checked_one_by_one(own: Copy, tmp_path: Path) -> None:
    own("detect")
    (tmp_path / "exportkit-manifest.json").write_text(json.dumps({"datasets": [{"path": "detect"}]}))

    results = check_dataset(tmp_path, PluginManager.load())

    assert [(Path(result.path).name, result.findings) for result in results] == [("detect", [])]


@pytest.mark.parametrize("entry", [{"path": "../elsewhere"}, {"path": "/"}, {"path": "."}, {}, 1])
def test_a_manifest_that_names_something_else_is_refused(own: Copy, tmp_path: Path, entry: object) -> None:
    own("detect")
    (tmp_path / "exportkit-manifest.json").write_text(json.dumps({"datasets": [{"path": "detect"}, entry]}))

    with pytest.raises(UsageError, match="which is no folder in it"):
        check_dataset(tmp_path, PluginManager.load())
