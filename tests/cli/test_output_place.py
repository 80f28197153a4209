"""Where an output may stand: absent or empty, or one of ours with --overwrite (product description)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.conversion.workbench import Workbench, box, digest_of, item

from exportkit.storage.run_directory import RunDirectory
from exportkit.testing import tree_digest


def _two(bench: Workbench) -> tuple[Path, Path]:
    return bench.bundle([item(1, box("old"))], name="old"), bench.bundle([item(2, box("new"))], name="new")


def test_a_dry_run_writes_nothing_and_tells_everything(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box()), item(2, box(width=0))])

    dry = bench.convert(bundle, "--dry-run")
    assert dry.code == 3
    assert dry.data["dry_run"] is True
    assert list(bench.out.parent.iterdir()) == []
    wet = bench.convert(bundle)
    assert {**wet.data, "dry_run": True} == dry.data


def test_parents_are_made_and_removed_again_by_a_dry_run(bench: Workbench) -> None:
    deep = bench.out / "a" / "b"

    run = bench.run("convert", bench.pictures(1), "--to", "coco", "-o", deep, "--dry-run")

    assert run.code == 0
    assert not bench.out.exists()
    assert bench.run("convert", bench.folder / "bundle", "--to", "coco", "-o", deep).code == 0


def test_an_empty_folder_counts_as_absent(bench: Workbench) -> None:
    bench.out.mkdir()

    assert bench.convert(bench.pictures(1)).code == 0


@pytest.mark.parametrize("words", [(), ("--overwrite",), ("--overwrite", "--keep-old")])
def test_a_folder_of_somebody_else_is_never_replaced(bench: Workbench, words: tuple[str, ...]) -> None:
    bench.out.mkdir()
    (bench.out / "precious").write_text("x")
    (bench.out / "exportkit-manifest.json").write_text('{"schema": "other"}')
    before = digest_of(bench.out)

    assert bench.convert(bench.pictures(1), *words).code == 2
    assert digest_of(bench.out) == before


@pytest.mark.parametrize("words", [(), ("--overwrite",)])
def test_a_file_in_the_way_is_a_usage_error(bench: Workbench, words: tuple[str, ...]) -> None:
    bench.out.write_text("x")

    assert bench.convert(bench.pictures(1), *words).code == 2
    assert bench.out.read_text() == "x"


def test_a_dataset_of_ours_is_replaced_only_where_that_is_asked_for(bench: Workbench) -> None:
    old, new = _two(bench)
    bench.convert(old)
    before = digest_of(bench.out)

    refused = bench.convert(new)
    assert refused.code == 2
    assert "--overwrite" in refused.data["exit_error"]["message"]
    assert digest_of(bench.out) == before
    assert bench.convert(new, "--overwrite").code == 0
    assert [c["name"] for c in bench.coco()["categories"]] == ["new"]
    assert [path.name for path in bench.out.parent.iterdir()] == ["out"]


def test_the_old_one_is_kept_where_that_is_asked_for(bench: Workbench) -> None:
    old, new = _two(bench)
    bench.convert(old)
    digest = tree_digest(bench.out)

    for backup in ("out.bak", "out.bak1"):
        run = bench.run("convert", new, "--to", "coco", "-o", bench.out, "--overwrite", "--keep-old")
        assert run.code == 0, run
        assert (bench.out.parent / backup).is_dir()
    assert tree_digest(bench.out.parent / "out.bak") == digest
    assert bench.run("verify", bench.out).code == 0


def test_a_failed_run_leaves_the_old_one(bench: Workbench) -> None:
    old, new = _two(bench)
    bench.convert(old)
    before = digest_of(bench.out)
    (new / "task/part-00001.jsonl").write_bytes(b"{\n")

    assert bench.convert(new, "--overwrite").code == 8
    (new / "manifest.json").write_bytes(b"{")
    assert bench.convert(new, "--overwrite").code == 4
    assert digest_of(bench.out) == before


def test_an_output_held_by_another_run_is_exit_10(bench: Workbench) -> None:
    bundle = bench.pictures(1)

    with RunDirectory(bench.out):
        run = bench.run("convert", bundle, "--to", "coco", "-o", bench.out, "--json")

    assert run.code == 10
    assert run.data["exit_error"]["code"] == 10
    assert bench.convert(bundle).code == 0


def test_an_output_inside_its_bundle_is_refused_or_leaves_the_bundle_alone(bench: Workbench) -> None:
    bundle = bench.pictures(1)
    before = digest_of(bundle)

    run = bench.run("convert", bundle, "--to", "coco", "-o", bundle / "out")

    assert run.code == 2, run
    assert digest_of(bundle) == before


def test_the_bundle_itself_is_no_output(bench: Workbench) -> None:
    bundle = bench.pictures(1)
    before = digest_of(bundle)

    assert bench.run("convert", bundle, "--to", "coco", "-o", bundle, "--overwrite").code == 2
    assert digest_of(bundle) == before


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/self/status").exists(), reason="needs Linux")
def test_a_folder_that_cannot_be_written_is_exit_7(bench: Workbench) -> None:
    bundle = bench.pictures(1)
    place = Path("/proc/self/fdinfo/out") if os.geteuid() == 0 else bench.out
    if os.geteuid() != 0:
        bench.out.parent.chmod(0o500)

    run = bench.run("convert", bundle, "--to", "coco", "-o", place, "--json")

    bench.out.parent.chmod(0o700)
    assert run.code == 7, run
    assert run.data["exit_error"]["message"].endswith(".")
