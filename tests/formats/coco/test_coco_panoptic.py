"""Panoptic segments: a PNG file for each picture and what is in it (formats, section 5.1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.coco.panoptic_rules import ids_of, panoptic_quality, refusals
from tests.formats.coco.workbench import box, export, mask, outcomes, person, picture, plan_of, region

from exportkit.errors import RecordFault, UsageError
from exportkit.records import Annotation, LazyRegion, Mask, Record
from exportkit.records.runs import joined
from exportkit_coco.options import CocoOptions
from exportkit_coco.writer import CocoWriter

PANOPTIC = CocoOptions(panoptic=True)
JSON = "annotations/panoptic_train.json"
BIG, OVER = "[[10,10,30,10,30,30,10,30]]", "[[20,20,40,20,40,40,20,40]]"


def panoptic(records: Sequence[Record], options: CocoOptions = PANOPTIC) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The JSON file, and PNG files by their name in it."""
    files, encoded = export(records, options)
    folder = "annotations/panoptic_train/"
    pngs = {path.removeprefix(folder): data for one in encoded for path, data in one.files}
    return json.loads(files[JSON]), pngs


def test_the_file_and_its_pictures_are_as_panopticapi_wants_them() -> None:
    records = [
        picture(region(BIG), mask([805, 4, 7191]), region(OVER), box(), name="a/x.jpg"),
        picture(item=2, name="y.jpg"),
    ]

    document, pngs = panoptic(records)

    assert list(document) == ["info", "licenses", "images", "annotations", "categories"]
    assert document["annotations"][0]["file_name"] == "a/x.png"
    assert document["annotations"][0]["segments_info"] == [
        {"id": 1, "category_id": 1, "area": 300, "bbox": [10, 10, 20, 20], "iscrowd": 0},
        {"id": 2, "category_id": 2, "area": 4, "bbox": [10, 5, 1, 4], "iscrowd": 0},
        {"id": 3, "category_id": 1, "area": 400, "bbox": [20, 20, 20, 20], "iscrowd": 0},
    ]
    assert document["annotations"][1] == {"image_id": 2, "file_name": "y.png", "segments_info": []}
    assert document["categories"][0] == {
        "id": 1, "name": "cat", "supercategory": "", "isthing": 1, "color": [128, 0, 0],
    }  # fmt: skip
    assert refusals(document, pngs.__getitem__) == []
    assert panoptic_quality(document, document, pngs.__getitem__) == 1.0


def test_pixels_have_the_id_of_the_object_on_top() -> None:
    _, pngs = panoptic([picture(region(BIG), region(OVER))])

    ids = ids_of(pngs["x.png"])

    assert (ids[15, 15], ids[25, 25], ids[35, 35], ids[0, 0]) == (1, 2, 2, 0)


def test_what_is_covered_or_hidden_is_told_with_its_measure() -> None:
    records = [picture(region("[[22,22,24,22,24,24,22,24]]"), region(BIG), region(OVER))]

    _, (encoded,) = export(records, PANOPTIC)

    assert outcomes(records, PANOPTIC) == [
        ("lossy", ("L_REGION_NOT_DRAWN",)),
        ("lossy", ("L_RASTERISED", "L_REGION_COVERED")),
        ("lossy", ("L_RASTERISED",)),
    ]
    assert (1, "L_REGION_COVERED", 0.75) in encoded.overlaps
    assert (0, "L_REGION_NOT_DRAWN", 0.0) in encoded.overlaps
    document, pngs = panoptic(records)
    assert [info["id"] for info in document["annotations"][0]["segments_info"]] == [1, 2]
    assert refusals(document, pngs.__getitem__) == []


def test_masks_are_whole_and_boxes_stay_in_instances() -> None:
    records = [picture(mask([805, 4, 7191]), box())]

    assert outcomes(records, PANOPTIC) == [("written", ()), ("written", ("N_BOX_AS_POLYGON",))]
    files, encoded = export(records, PANOPTIC)
    assert len(json.loads(files["annotations/instances_train.json"])["annotations"]) == 2
    assert encoded[0].objects == 2
    assert "N_COCO_PANOPTIC_BOXES" in [code for code, _ in CocoWriter(PANOPTIC, plan_of(records)).notices()]


def test_a_region_too_thin_for_pixels_is_not_drawn() -> None:
    records = [picture(region("[[10.6,10,10.8,10,10.8,30,10.6,30]]"))]

    assert outcomes(records, PANOPTIC) == [("lossy", ("L_REGION_NOT_DRAWN",))]


def test_classes_that_are_no_things_have_one_segment() -> None:
    records = [picture(region(BIG), mask([805, 4, 7191]), region("[[50,50,60,50,60,60,50,60]]"))]
    options = CocoOptions(panoptic=True, things=("dog",))

    document, pngs = panoptic(records, options)

    assert [info["area"] for info in document["annotations"][0]["segments_info"]] == [500, 4]
    assert [category["isthing"] for category in document["categories"]] == [0, 1]
    assert "L_INSTANCES_MERGED" in outcomes(records, options)[0][1]
    assert refusals(document, pngs.__getitem__) == []


def test_a_class_that_is_no_thing_covers_itself_without_a_loss() -> None:
    records = [picture(region(BIG), region(OVER))]

    (first, second) = outcomes(records, CocoOptions(panoptic=True, things=()))

    assert first[1] == second[1] == ("L_RASTERISED", "L_INSTANCES_MERGED")


def test_things_are_given_as_words() -> None:
    assert CocoOptions.model_validate({"panoptic": "yes", "things": "cat+dog"}).things == ("cat", "dog")
    assert CocoOptions.model_validate({"panoptic": "yes", "things": ""}).things == ()
    with pytest.raises(UsageError, match="things"):
        CocoWriter(CocoOptions(panoptic=True, things=("cow",)), plan_of([picture(box())]))


def test_crowds_are_crowds_and_people_are_drawn_by_their_region() -> None:
    outline = LazyRegion(OVER.encode(), "coco_rings")
    records = [picture(region(BIG, iscrowd=True), person((1, 1, 2), region=outline))]

    document, pngs = panoptic(records)

    assert [info["iscrowd"] for info in document["annotations"][0]["segments_info"]] == [1, 0]
    assert refusals(document, pngs.__getitem__) == []


def test_semantic_regions_are_drawn_too() -> None:
    records = [picture(region(BIG), region(OVER))]

    document, pngs = panoptic(records, CocoOptions(panoptic=True, segmentation="semantic"))

    assert len(document["annotations"][0]["segments_info"]) == 2
    assert refusals(document, pngs.__getitem__) == []


def test_a_picture_over_the_limit_is_never_drawn() -> None:
    huge = Record(1, (), name="x.jpg", width=60_000, height=60_000)

    with pytest.raises(RecordFault, match="limit") as fault:
        export([huge], PANOPTIC)
    assert fault.value.code == "E_PIXELS_LIMIT"


def test_excluded_regions_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="exclude"):
        CocoOptions(panoptic=True, segmentation="exclude")


def test_more_than_256_segments_have_ids_beyond_one_byte() -> None:
    dots = [
        Annotation(0, "mask", "cat", region=Mask(100, 80, (2 * n, 2 * n + 1))) for n in range(700)
    ]  # fmt: skip

    document, pngs = panoptic([picture(*dots)])

    assert document["annotations"][0]["segments_info"][-1]["id"] == 700
    assert refusals(document, pngs.__getitem__) == []


def test_rows_of_many_bands_are_whole() -> None:
    wide = Mask(3000, 700, joined([(0, 3000 * 700)]))
    record = Record(1, (Annotation(0, "mask", "cat", region=wide),), name="x.jpg", width=3000, height=700)

    _, pngs = panoptic([record])

    assert np.all(ids_of(pngs["x.png"]) == 1)


SPANS = st.lists(st.tuples(st.integers(0, 29), st.integers(1, 15)), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SPANS, st.sampled_from(["cat", "dog"]), st.booleans()), max_size=6), st.booleans())
def test_any_regions_give_a_sound_picture(shapes: list[tuple[Any, str, bool]], joins: bool) -> None:
    found = []
    for spans, label, crowd in shapes:
        pixels = sorted({p for start, length in spans for p in range(start, min(start + length, 30))})
        runs = joined((p, p + 1) for p in pixels)
        found.append(Annotation(0, "mask", label, region=Mask(6, 5, runs), iscrowd=crowd))
    record = Record(1, tuple(found), name="x.jpg", width=6, height=5)
    labels = {label for _, label, _ in shapes}
    options = CocoOptions(panoptic=True, things=tuple(sorted(labels - {"dog"})) if joins else None)

    document, pngs = panoptic([record], options)

    assert refusals(document, pngs.__getitem__) == []
    segments = [info for info in document["annotations"][0]["segments_info"] if not info["iscrowd"]]
    if segments:
        assert panoptic_quality(document, document, pngs.__getitem__) == 1.0
