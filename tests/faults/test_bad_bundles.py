"""A bundle that lies as a whole is refused: exit 4, one sentence, nothing left (formats, section 2.11)."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item

PART = "task/part-00001.jsonl"


def _manifest(**changes: Any) -> dict[str, Any]:
    part = {"path": PART, "records": 2, "cumulative_records": 2}
    target = {"dir": "task", "records": 2, "parts": [part]}
    return {"prefix": "x/", "targets": {"task": target}} | changes


def _target(**changes: Any) -> dict[str, Any]:
    value = _manifest()
    value["targets"]["task"] |= changes
    return value


def _part(**changes: Any) -> dict[str, Any]:
    value = _manifest()
    value["targets"]["task"]["parts"][0] |= changes
    return value


MANIFESTS: list[tuple[str, Any, str]] = [
    ("a list", [1], "E_MANIFEST"),
    ("no prefix", {"targets": _manifest()["targets"]}, "E_MANIFEST"),
    ("targets a list", _manifest(targets=[]), "E_MANIFEST"),
    ("parts an object", _target(parts={"a": 1}), "E_MANIFEST"),
    ("records a text", _target(records="2"), "E_MANIFEST"),
    ("records true", _target(records=True), "E_MANIFEST"),
    ("part without a path", _target(parts=[{"records": 2}]), "E_MANIFEST"),
    ("newer schema", _manifest(schema="exportkit-bundle/2.0"), "E_MANIFEST"),
    ("part path with ..", _part(path="../task/part-00001.jsonl"), "E_MANIFEST_PATH"),
    ("absolute part path", _part(path="/etc/passwd"), "E_MANIFEST_PATH"),
    ("part path with a backslash", _part(path="task\\part-00001.jsonl"), "E_MANIFEST_PATH"),
    ("escaped part path", _part(path="task/%2e%2e/part-00001.jsonl"), "E_MANIFEST_PATH"),
    ("drive in a part path", _part(path="C:/part-00001.jsonl"), "E_MANIFEST_PATH"),
    ("prefix with ..", _manifest(prefix="a/../b"), "E_MANIFEST_PATH"),
    ("absolute prefix", _manifest(prefix="/a"), "E_MANIFEST_PATH"),
    ("dir with ..", _target(dir=".."), "E_MANIFEST_PATH"),
    ("part absent", _part(path="task/part-00002.jsonl"), "E_MANIFEST_PART"),
    ("part a folder", _part(path="task"), "E_MANIFEST_PART"),
    ("fewer lines than the part says", _part(records=3), "E_MANIFEST_COUNT"),
    ("more lines than the part says", _part(records=1), "E_MANIFEST_COUNT"),
    ("running sum wrong", _part(cumulative_records=5), "E_MANIFEST_COUNT"),
    ("total wrong", _target(records=9), "E_MANIFEST_COUNT"),
    ("flat count wrong", _manifest(count=9), "E_MANIFEST_COUNT"),
    ("flat total wrong", _manifest(total=1), "E_MANIFEST_COUNT"),
    ("records but no parts", _target(parts=[]), "E_MANIFEST_COUNT"),
    ("size wrong", _part(size=1), "E_DIGEST"),
    ("digest wrong", _part(sha256="0" * 64), "E_DIGEST"),
    ("not complete", _manifest(complete=False), "E_DIGEST"),
]


def _refused(bench: Workbench, bundle: Path, *words: str) -> str:
    before = sorted(bench.folder.iterdir())
    run = bench.convert(bundle, "--lock", bench.folder / "classes.lock", *words)
    assert run.code == 4, run
    assert run.data["exit_error"]["code"] == 4
    assert not bench.out.exists()
    assert sorted(bench.folder.iterdir()) == before, "a lock file was left"
    plain = bench.run("convert", bundle, "--to", "coco", "-o", bench.out, *words)
    assert plain.code == 4
    assert plain.out == ""
    assert len(plain.err.splitlines()) == 1
    return plain.err


@pytest.mark.parametrize(("value", "code"), [row[1:] for row in MANIFESTS], ids=[row[0] for row in MANIFESTS])
def test_a_lying_manifest_refuses_the_bundle(bench: Workbench, value: Any, code: str) -> None:
    said = _refused(bench, bench.bundle([item(1, box()), item(2, box())], manifest=value))

    assert code in said


@pytest.mark.parametrize(
    "content",
    [b"{", b"", b"\xff\xfe{}", b'{"prefix": NaN', b"[" * 100_000, b'{"prefix": "\\ud800"}'],
    ids=["cut", "empty", "UTF-16", "no number", "deep", "surrogate"],
)
def test_a_manifest_that_is_no_json_refuses_the_bundle(bench: Workbench, content: bytes) -> None:
    bundle = bench.pictures(1, 2)
    (bundle / "manifest.json").write_bytes(content)

    assert "E_MANIFEST" in _refused(bench, bundle)


def test_both_numbers_of_a_wrong_count_are_named(bench: Workbench) -> None:
    said = _refused(bench, bench.bundle([item(1), item(2)], manifest=_target(records=917)))

    assert "917" in said
    assert "are 2" in said


def test_bad_lines_count_as_lines(bench: Workbench) -> None:
    assert bench.convert(bench.bundle([item(1, box()), b"", b"{"], manifest=_manifest())).code == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_lines_in_another_encoding_refuse_the_bundle(bench: Workbench, encoding: str) -> None:
    bundle = bench.pictures(1, 2)
    text = (bundle / PART).read_text()
    (bundle / PART).write_bytes(text.encode(encoding))

    assert "E_BUNDLE_ENCODING" in _refused(bench, bundle)


def test_a_bundle_without_any_target_is_refused(bench: Workbench) -> None:
    empty = bench.folder / "empty"
    empty.mkdir()

    assert "E_BUNDLE_EMPTY" in _refused(bench, empty)


def test_a_cut_gzip_part_is_refused(bench: Workbench) -> None:
    bundle = bench.pictures(1, 2)
    data = gzip.compress((bundle / PART).read_bytes())
    (bundle / PART).unlink()
    (bundle / f"{PART}.gz").write_bytes(data[:-9])
    (bundle / "manifest.json").write_text(json.dumps(_part(path=f"{PART}.gz")))

    assert "E_DIGEST" in _refused(bench, bundle)


def test_a_gzip_bomb_is_refused_in_little_memory(bench: Workbench) -> None:
    bundle = bench.pictures(1, 2)
    (bundle / f"{PART}.gz").write_bytes(gzip.compress(b" " * (300 << 20)))
    (bundle / "manifest.json").write_text(json.dumps(_part(path=f"{PART}.gz")))

    run = bench.convert(bundle)

    assert run.code == 4, run


def _link_part(bundle: Path) -> None:
    (bundle / PART).rename(bundle / "real.jsonl")
    (bundle / PART).symlink_to("../real.jsonl")


def _link_folder(bundle: Path) -> None:
    (bundle / "task").rename(bundle / "real")
    (bundle / "task").symlink_to("real")


def _link_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").rename(bundle / "real.json")
    (bundle / "manifest.json").symlink_to("real.json")


def _fifo_part(bundle: Path) -> None:
    (bundle / PART).unlink()
    os.mkfifo(bundle / PART)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (_link_part, "E_MANIFEST_PATH"),
        (_link_folder, "E_MANIFEST_PATH"),
        (_link_manifest, "E_MANIFEST_PATH"),
        (_fifo_part, "E_MANIFEST_PART"),
    ],
)
def test_a_part_behind_a_link_or_of_another_kind_refuses_the_bundle(
    bench: Workbench, damage: Callable[[Path], None], code: str
) -> None:
    bundle = bench.pictures(1, 2)
    damage(bundle)

    assert code in _refused(bench, bundle)


def test_no_manifest_is_accepted_and_said(bench: Workbench) -> None:
    bundle = bench.pictures(1, 2)
    (bundle / "manifest.json").unlink()

    assert bench.convert(bundle).code == 0
    assert bench.manifest()["codes"]["N_NO_MANIFEST"] == {"": 1}


def test_true_integrity_fields_are_accepted(bench: Workbench) -> None:
    bundle = bench.pictures(1, 2)
    data = (bundle / PART).read_bytes()
    value = _part(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    (bundle / "manifest.json").write_text(json.dumps(value | {"complete": True}))

    assert bench.convert(bundle).code == 0


@pytest.mark.parametrize("where", ["manifest", "data.manifest"])
def test_the_manifest_may_stand_in_a_job_row(bench: Workbench, where: str) -> None:
    inner: dict[str, Any] = _manifest()
    for key in reversed(where.split(".")):
        inner = {key: inner}

    assert bench.convert(bench.bundle([item(1, box()), item(2, box())], manifest=inner)).code == 0


def test_several_targets_need_a_choice(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box())], target="task")
    (bundle / "manifest.json").unlink()
    (bundle / "assignments.jsonl").write_text(json.dumps(item(5, box())) + "\n")

    run = bench.convert(bundle)
    assert run.code == 2
    assert "task" in run.data["exit_error"]["message"]
    assert "assignment" in run.data["exit_error"]["message"]
    assert bench.convert(bundle, "--target", "assignment").code == 0
    assert [image["id"] for image in bench.coco()["images"]] == [5]


@pytest.mark.parametrize("how", ["no parts", "empty single file"])
def test_zero_results_are_a_valid_empty_dataset(bench: Workbench, how: str) -> None:
    if how == "no parts":
        bundle = bench.bundle([], manifest=_target(parts=[], records=0))
        (bundle / PART).unlink()
    else:
        bundle = bench.folder / "bundle"
        bundle.mkdir()
        (bundle / "tasks.jsonl").write_bytes(b"")

    run = bench.convert(bundle)

    assert run.code == 0, run
    assert bench.coco() == {
        "info": {"description": "", "version": "1.0"}, "licenses": [], "images": [], "annotations": [], "categories": [],  # noqa: E501
    }  # fmt: skip
    assert any(finding["code"] == "C_EMPTY" for finding in run.data["outputs"][0]["check"])


def test_zero_results_end_in_exit_9_where_that_is_asked_for(bench: Workbench) -> None:
    bundle = bench.bundle([], manifest=_target(parts=[], records=0))

    run = bench.convert(bundle, "--error-on-empty")

    assert run.code == 9
    assert not bench.out.exists()
