"""All roles and folders of COCO from bundle to checked dataset (formats, section 5.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item, png

RING = [[2, 2, 12, 2, 12, 12, 2, 12]]
OVER = [[8, 8, 20, 8, 20, 20, 8, 20]]
POINTS = [3, 3, 2, 9.5, 4, 1, *[0] * 45]


def scene(bench: Workbench) -> Path:
    lines = [
        item(
            1,
            box(),
            {"category": "sky", "segmentation": RING},
            {"category": "sky", "segmentation": OVER},
            {"category": "person", "keypoints": POINTS, "bbox": [1, 1, 20, 20]},
            {"caption": "a scene"},
            file="files/1/a.png",
            name="a.png",
        ),
        item(2, file="files/2/b.png", name="b.png", split="val"),
    ]
    return bench.bundle(lines, {"files/1/a.png": png(), "files/2/b.png": png()})


def relative(folder: Path) -> set[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {path for path in found if not path.startswith("exportkit-")}


LAYOUTS = [
    ("roles", "annotations/{}_{}.json", "images/{}/", {}),
    ("2017", "annotations/{}_{}2017.json", "{}2017/", {}),
    ("roboflow", "{1}/_{0}.coco.json", "{}/", {"val": "valid", "instances": "annotations"}),
]


@pytest.mark.parametrize(("layout", "file", "folder", "words"), LAYOUTS, ids=[row[0] for row in LAYOUTS])
def test_every_role_stands_in_its_place_and_passes(
    bench: Workbench, layout: str, file: str, folder: str, words: dict[str, str]
) -> None:
    run = bench.convert(scene(bench), "--to", f"coco:layout={layout},panoptic=yes")

    assert run.code == 0, run.err
    expected = set()
    for split, picture in (("train", "a"), ("val", "b")):
        split = words.get(split, split)  # noqa: PLW2901 - the layout's word for it
        for role in ("instances", "person_keypoints", "captions", "panoptic"):
            expected.add(file.format(words.get(role, role), split))
        expected.add(folder.format(split) + f"{picture}.png")
        expected.add(file.format("panoptic", split).removesuffix(".json") + f"/{picture}.png")
    assert relative(bench.out) == expected
    assert bench.manifest()["objects"] == 5
    checked = bench.run("check", bench.out, "--json")
    assert checked.code == 0
    assert all(finding["severity"] == "warn" for finding in json.loads(checked.out)["datasets"][0]["findings"])


@pytest.mark.parametrize("layout", ["roles", "2017", "roboflow"])
def test_a_stranger_finds_the_same_without_our_lists(bench: Workbench, layout: str) -> None:
    bench.convert(scene(bench), "--to", f"coco:layout={layout},panoptic=yes")
    for path in bench.out.glob("exportkit-*"):
        path.unlink()

    checked = bench.run("check", bench.out)

    assert checked.code == 0, checked.out
    assert "error" not in checked.out.replace("0 errors", "")


def test_semantic_regions_are_counted_as_the_file_has_them(bench: Workbench) -> None:
    run = bench.convert(scene(bench), "--to", "coco:segmentation=semantic")

    assert run.code == 0, run.err
    manifest = bench.manifest()
    assert manifest["annotations"]["lossy"] == 2
    assert manifest["objects"] == 4
    assert manifest["overlaps"]["L_INSTANCES_MERGED"]["count"] == 2
    assert 0 < manifest["overlaps"]["L_INSTANCES_MERGED"]["min"] < 1


def test_covered_regions_carry_their_measure(bench: Workbench) -> None:
    bench.convert(scene(bench), "--to", "coco:panoptic=yes")

    covered = bench.manifest()["overlaps"]["L_REGION_COVERED"]
    assert (covered["count"], covered["min"]) == (1, 0.84)


def test_a_dry_run_foretells_the_same(bench: Workbench) -> None:
    bundle = scene(bench)
    told = bench.convert(bundle, "--to", "coco:panoptic=yes", "--dry-run").data["outputs"][0]
    done = bench.convert(bundle, "--to", "coco:panoptic=yes").data["outputs"][0]

    assert told["codes"] == done["codes"]
    assert told["overlaps"] == done["overlaps"]


def test_a_picture_over_the_limit_fails_alone_and_is_not_drawn(bench: Workbench) -> None:
    unit: dict[str, Any] = {"name": "big.png", "width": 60_000, "height": 60_000}
    huge = item(2, {"category": "sky", "segmentation": RING}, data_unit=unit, files_manifest=...)
    small = item(1, {"category": "sky", "segmentation": RING}, files_manifest=...)

    run = bench.convert(bench.bundle([small, huge]), "--to", "coco:panoptic=yes", "--media", "none")

    assert run.code == 3
    assert [error["code"] for error in bench.errors()] == ["E_PIXELS_LIMIT"]
    assert [image["id"] for image in bench.coco()["images"]] == [1]


def test_pictures_named_like_annotation_files_step_aside(bench: Workbench) -> None:
    lines = [
        item(1, box(), file="files/1/a.png", name="_annotations.coco.png"),
        item(2, box(), file="files/2/a.png", name="_panoptic.coco/x.png"),
    ]
    bundle = bench.bundle(lines, {"files/1/a.png": png(), "files/2/a.png": png()})

    run = bench.convert(bundle, "--to", "coco:layout=roboflow,names=tree")

    assert run.code == 0, run.err
    names = {
        image["file_name"] for image in json.loads((bench.out / "train/_annotations.coco.json").read_bytes())["images"]
    }
    assert "_annotations.coco.png" not in names
    assert "_panoptic.coco/x.png" not in names
    assert bench.manifest()["codes"]["N_NAME_CHANGED"] == {"": 2}


def test_unknown_things_are_one_plain_sentence(bench: Workbench) -> None:
    run = bench.convert(scene(bench), "--to", "coco:panoptic=yes,things=cow")

    assert run.code == 2
    assert "things names 'cow'" in run.out
