"""Semantic regions: one mask for each class and picture (formats, section 5.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.formats.coco.workbench import box, export, instances, mask, outcomes, person, picture, read, region

from exportkit.records import Annotation, Mask, Record
from exportkit_coco.options import CocoOptions

# pycocotools and NumPy 2 differ about copies.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STUFF = "annotations/stuff_train.json"
SEMANTIC = CocoOptions(segmentation="semantic")
SQUARE, BESIDE = "[[10,10,20,10,20,20,10,20]]", "[[15,10,25,10,25,20,15,20]]"


def pixels(entry: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """Decode as pycocotools does."""
    from pycocotools import mask as codec  # type: ignore[import-untyped]

    segmentation = entry["segmentation"]
    if isinstance(segmentation["counts"], list):
        segmentation = codec.frPyObjects(segmentation, *segmentation["size"])
    decoded: npt.NDArray[np.bool_] = codec.decode(segmentation).astype(bool)
    return decoded


def test_the_regions_of_a_class_become_their_union() -> None:
    records = [picture(region(SQUARE), mask([805, 4, 7191]), region(BESIDE))]

    cat, dog = read(records, STUFF, SEMANTIC)["annotations"]

    expected = np.zeros((80, 100), bool)
    expected[10:20, 10:25] = True
    assert np.array_equal(pixels(cat), expected)
    assert (cat["id"], cat["category_id"], cat["bbox"], cat["area"], cat["iscrowd"]) == (1, 1, [10, 10, 15, 10], 150, 0)
    assert (dog["id"], dog["category_id"], dog["area"]) == (2, 2, 4)
    assert list(cat) == ["id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"]


def test_what_meets_is_merged_with_its_measured_overlap() -> None:
    records = [picture(region(SQUARE), mask([805, 4, 7191]), region(BESIDE))]

    _, (encoded,) = export(records, SEMANTIC)

    assert outcomes(records, SEMANTIC) == [
        ("lossy", ("L_RASTERISED", "L_INSTANCES_MERGED")),
        ("written", ()),
        ("lossy", ("L_RASTERISED", "L_INSTANCES_MERGED")),
    ]
    measured = {(position, code): share for position, code, share in encoded.overlaps}
    assert measured[0, "L_INSTANCES_MERGED"] == pytest.approx(100 / 150)
    assert measured[2, "L_RASTERISED"] == pytest.approx(100 / 150)
    assert encoded.objects == 2


def test_regions_leave_instances_and_other_objects_stay() -> None:
    records = [picture(region(SQUARE), box(), person((1, 1, 2), (9, 9, 2)))]

    files, _ = export(records, SEMANTIC)

    assert list(files) == [
        "annotations/instances_train.json", "annotations/person_keypoints_train.json", STUFF,
    ]  # fmt: skip
    assert [(a["id"], a["segmentation"]) for a in instances(records, SEMANTIC)["annotations"]] == [(1, []), (2, [])]
    assert outcomes(records, SEMANTIC)[0] == ("lossy", ("L_RASTERISED",))


def test_a_lone_region_keeps_its_attributes_and_several_lose_them() -> None:
    first, second = region(SQUARE, attributes=b'{"a":1}'), region(BESIDE, score=0.5)

    (alone,) = read([picture(first)], STUFF, SEMANTIC)["annotations"]
    (shared,) = read([picture(first, second)], STUFF, SEMANTIC)["annotations"]

    assert alone["attributes"] == {"a": 1}
    assert "attributes" not in shared
    assert "score" not in shared
    (one, other) = outcomes([picture(first, second)], SEMANTIC)
    assert "L_ATTRIBUTES_DROPPED" in one[1]
    assert "L_FLAGS_DROPPED" in other[1]


def test_a_crowd_stays_one_where_all_regions_of_the_class_are() -> None:
    crowd = region(SQUARE, iscrowd=True)

    (entry,) = read([picture(crowd)], STUFF, SEMANTIC)["annotations"]
    (mixed,) = read([picture(crowd, region(BESIDE))], STUFF, SEMANTIC)["annotations"]

    assert (entry["iscrowd"], isinstance(entry["segmentation"]["counts"], list)) == (1, True)
    assert mixed["iscrowd"] == 0
    assert outcomes([picture(crowd, region(BESIDE))], SEMANTIC)[0][1][-1] == "L_FLAGS_DROPPED"


def test_a_region_between_the_centres_of_pixels_fails_alone() -> None:
    thin = "[[10.6,10,10.8,10,10.8,30,10.6,30]]"
    records = [picture(region(thin), region(SQUARE))]

    assert outcomes(records, SEMANTIC) == [("failed", ("E_MASK_EMPTY",)), ("lossy", ("L_RASTERISED",))]
    assert [a["id"] for a in read(records, STUFF, SEMANTIC)["annotations"]] == [2]


def test_ids_count_all_regions_over_all_pictures() -> None:
    records = [picture(region(SQUARE), region(BESIDE)), picture(region(SQUARE), item=2, name="y.jpg")]

    assert [a["id"] for a in read(records, STUFF, SEMANTIC)["annotations"]] == [1, 3]


def test_a_union_of_too_many_runs_fails_its_regions_and_nothing_else() -> None:
    side = 2100
    rows = [[y * side + 1, y * side + side] if y % 2 else [y * side, y * side + side - 1] for y in range(side)]
    comb = [run for y in range(0, side, 2) for run in (rows[y],)]
    stripes = Mask(side, side, tuple(border for run in comb for border in run))
    record = Record(1, (Annotation(0, "mask", "cat", region=stripes), box()), name="x.jpg", width=side, height=side)

    for options in (SEMANTIC, CocoOptions(segmentation="semantic", panoptic=True)):
        status = [o[0] for o in outcomes([record], options)]
        assert status == ["failed", "written"]
    drawn = read([record], "annotations/panoptic_train.json", options)["annotations"]
    assert drawn[0]["segments_info"] == []


def test_run_lengths_may_be_lists() -> None:
    records = [picture(mask([805, 4, 7191]))]
    options = CocoOptions(rle="uncompressed")

    assert instances(records, options)["annotations"][0]["segmentation"]["counts"] == [805, 4, 7191]
