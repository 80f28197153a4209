"""Segmentation planes of Pascal VOC, from a bundle to a published and checked dataset."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from PIL import Image
from tests.conversion.workbench import FIXTURES, Workbench, assert_balanced, box, item, png

SQUARE = [[2, 2, 12, 2, 12, 12, 2, 12]]


def region(label: str = "cat", rings: Any = SQUARE, **more: Any) -> dict[str, Any]:
    return {"category": label, "segmentation": rings, **more}


def plane(bench: Workbench, name: str, folder: str = "SegmentationClass") -> bytes:
    with Image.open(bench.out / f"VOCdevkit/VOC2012/{folder}/{name}.png") as picture:
        assert picture.mode == "P"
        return picture.tobytes()


def listed(bench: Workbench, word: str) -> list[str]:
    return (bench.out / f"VOCdevkit/VOC2012/ImageSets/Segmentation/{word}.txt").read_text().splitlines()


def test_the_golden_case_has_190_pixels(bench: Workbench) -> None:
    run = bench.convert(
        FIXTURES / "bundles/golden", "--classes", FIXTURES / "classes/golden.txt", "--to", "voc:task=segment"
    )

    assert run.code == 3
    (output,) = run.data["outputs"]
    assert output["check"] == []
    assert output["codes"]["L_RASTERISED"] == {"cat": 1}
    for folder in ("SegmentationClass", "SegmentationObject"):
        values = plane(bench, "x", folder)
        assert (len(values), values.count(1), values.count(0)) == (8000, 190, 7810)
    assert listed(bench, "train") == listed(bench, "trainval") == ["x"]


def test_every_split_lists_its_pictures_with_planes(bench: Workbench) -> None:
    lines = [
        item(1, region(), file="files/1.png", split="train"),
        item(2, region("dog"), file="files/2.png", split="val"),
        item(3, box(), file="files/3.png", split="val"),
        item(4, region(), file="files/4.png", split="test"),
    ]
    bundle = bench.bundle(lines, {f"files/{number}.png": png() for number in range(1, 5)})

    run = bench.convert(bundle, "--to", "voc:task=segment,year=2007")

    assert run.code == 0
    folder = bench.out / "VOCdevkit/VOC2007/ImageSets/Segmentation"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "train.txt": "1\n",
        "val.txt": "2\n",
        "test.txt": "4\n",
        "trainval.txt": "1\n2\n",
    }
    assert_balanced(run.data["outputs"][0])


def test_a_dataset_without_regions_has_empty_lists_and_folders(bench: Workbench) -> None:
    run = bench.convert(bench.pictures(1, 2), "--to", "voc:task=segment")

    assert run.code == 0
    assert listed(bench, "train") == []
    assert list((bench.out / "VOCdevkit/VOC2012/SegmentationClass").iterdir()) == []


def huge_png() -> bytes:
    """A PNG that says that it has 60,000 × 60,000 pixels, and has hardly any."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_huge_picture_fails_alone_where_it_would_get_planes(bench: Workbench) -> None:
    ring = [[1, 1, 50_000, 1, 50_000, 50_000]]
    lines = [
        item(1, region(rings=ring), file="files/1.png"),
        item(2, box(), file="files/2.png"),
        item(3, region(), file="files/3.png"),
    ]
    bundle = bench.bundle(lines, {"files/1.png": huge_png(), "files/2.png": huge_png(), "files/3.png": png()})

    run = bench.convert(bundle, "--to", "voc:task=segment")

    assert run.code == 3
    (error,) = bench.errors()
    assert (error["id"], error["code"]) == (1, "E_PIXELS_LIMIT")
    assert listed(bench, "train") == ["3"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_hidden_or_too_thin_is_listed(bench: Workbench, workers: str) -> None:
    thin = [[2, 2.6, 20, 2.6, 20, 3.4, 2, 3.4]]
    lines = [
        item(1, region(), region("dog"), region("cat", thin), region(iscrowd=1), file="files/1.png"),
        item(2, box(), region(), box(iscrowd=1), file="files/2.png"),
    ]
    bundle = bench.bundle(lines, {"files/1.png": png(), "files/2.png": png()})

    run = bench.convert(bundle, "--to", "voc:task=segment,border=1", "--workers", workers)

    assert run.code == 0
    found = [(entry["id"], entry["code"]) for entry in bench.losses() if "REGION" in entry["code"]]
    assert found == [*[(1, "L_REGION_NOT_DRAWN")] * 3, (2, "L_REGION_COVERED")]
    assert set(plane(bench, "1")) == {0, 255}
    assert set(plane(bench, "2")) == {0, 1, 255}


def test_check_judges_what_was_published_as_it_did_before(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, region(), file="files/1.png")], {"files/1.png": png()})
    assert bench.convert(bundle, "--to", "voc:task=segment").code == 0
    assert bench.run("check", bench.out).code == 0

    Image.new("RGB", (40, 30)).save(bench.out / "VOCdevkit/VOC2012/SegmentationClass/1.png")

    run = bench.run("check", bench.out)
    assert run.code == 4
    assert "C_VOC_PLANE" in run.out + run.err
