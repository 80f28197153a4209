"""What happens to the original files: copy, hardlink, symlink, none (formats, section 4)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.conversion.workbench import FIXTURES, Workbench, lines_of

FORMATS = ("--to", "coco", "--to", "yolo:task=detect", "--to", "voc", "--to", "csv:dialect=retinanet")


def _pictures(bench: Workbench) -> list[tuple[Path, Path]]:
    """Each picture of each output with its original."""
    pairs = []
    for name in ("coco", "yolo", "voc", "csv"):
        for image in lines_of(bench.out / name / "exportkit-images.jsonl"):
            source = bench.folder / "bundle/files" / str(image["record"]) / f"{image['record']}.png"
            pairs.append((bench.out / name / image["path"], source))
    assert len(pairs) == 12
    return pairs


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_pictures_are_where_the_mode_says(bench: Workbench, mode: str) -> None:
    run = bench.convert(bench.pictures(1, 2, 3), *FORMATS, "--media", mode)

    assert run.code == 0, run
    for made, source in _pictures(bench):
        assert made.read_bytes() == source.read_bytes()
        assert made.is_symlink() == (mode == "symlink")
        assert (made.stat().st_ino == source.stat().st_ino) == (mode != "copy")
        if mode == "symlink":
            assert not made.readlink().is_absolute()
    assert bench.run("verify", bench.out).code == 0
    checked = bench.run("check", bench.out, "--json")
    assert checked.code == 0, checked


def test_nothing_is_written_with_none_and_references_stay(bench: Workbench) -> None:
    run = bench.convert(bench.pictures(1, 2, 3), *FORMATS, "--media", "none")

    assert run.code == 0, run
    assert not list(bench.out.rglob("*.png"))
    assert [image["file_name"] for image in bench.coco("coco")["images"]] == ["1.png", "2.png", "3.png"]
    assert bench.run("verify", bench.out).code == 0
    checked = bench.run("check", bench.out, "--json")
    assert checked.code == 0, checked
    assert {name: bench.manifest(name)["media"] for name in ("coco", "voc")} == {"coco": "none", "voc": "none"}


def test_a_moved_symlink_dataset_beside_its_bundle_still_resolves(bench: Workbench) -> None:
    bench.convert(bench.pictures(1), "--media", "symlink")
    other = bench.folder / "elsewhere"
    other.mkdir()

    bench.out.parent.rename(other / "place")
    assert not (other / "place/out/images/train/1.png").exists()
    (other / "place").rename(bench.folder / "place")
    assert (bench.folder / "place/out/images/train/1.png").exists()


def test_a_broken_link_is_found_by_check_and_verify(bench: Workbench) -> None:
    bundle = bench.pictures(1, 2)
    bench.convert(bundle, "--media", "symlink")
    (bundle / "files/2/2.png").unlink()

    assert bench.run("verify", bench.out).code == 4
    checked = bench.run("check", bench.out, "--json")
    assert checked.code == 4
    assert [f["code"] for f in checked.data["datasets"][0]["findings"]] == ["C_PATH"]


@pytest.mark.parametrize("mode", ["copy", "symlink", "none"])
def test_every_media_mode_gives_the_same_annotations(bench: Workbench, mode: str) -> None:
    bundle = FIXTURES / "bundles" / "seed_tasks"
    bench.convert(bundle, out=bench.folder / "reference")
    run = bench.convert(bundle, "--media", mode)

    assert run.code == 0
    made = bench.out / "annotations/instances_train.json"
    assert made.read_bytes() == (bench.folder / "reference/annotations/instances_train.json").read_bytes()


def test_a_jpeg_that_a_consumer_would_rewrite_is_copied(bench: Workbench) -> None:
    original = (FIXTURES / "bundles/golden/files/10/x.jpg").read_bytes()
    line = json.loads((FIXTURES / "bundles/golden/assignment/part-00001.jsonl").read_text().splitlines()[0])
    bundle = bench.bundle([line], {"files/10/x.jpg": original + b"\0"})

    run = bench.convert(bundle, "--to", "yolo:task=detect", "--to", "coco", "--media", "hardlink")

    assert run.code == 0, run
    source = (bundle / "files/10/x.jpg").stat().st_ino
    assert (bench.out / "coco/images/train/a/x.jpg").stat().st_ino == source
    assert (bench.out / "yolo/images/train/x.jpg").stat().st_ino != source
    assert bench.manifest("yolo")["codes"]["N_LINK_COPIED"] == {"": 1}
    assert "N_LINK_COPIED" not in bench.manifest("coco")["codes"]
