"""COCO files as pycocotools takes them (formats, sections 5.0 and 5.1)."""

from __future__ import annotations

import contextlib
import io
import json
from math import cos, sin
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.coco.workbench import TRIANGLE, box, export, instances, mask, outcomes, picture, plan_of, region

from exportkit.errors import RecordFault, UsageError
from exportkit.records import Annotation, Box, Record, RotatedBox
from exportkit_coco.options import CocoOptions
from exportkit_coco.writer import CocoWriter


def test_the_golden_case_is_written_byte_for_byte() -> None:
    polygon = Annotation(
        0, "polygon", "cat", Box(10, 10, 20, 20), TRIANGLE, id=1, area=400, attributes=b'{"color": "red"}'
    )
    broken = Annotation(0, "box", "dog", Box(5, 5, 0, 10), id=2, area=0)
    records = [
        Record(10, (polygon,), name="a/x.jpg", width=100, height=80),
        Record(11, (broken,), name="b/x.jpg", width=60, height=40),
    ]
    expected = {
        "info": {"description": "", "version": "1.0"},
        "licenses": [],
        "images": [
            {"id": 10, "file_name": "a/x.jpg", "width": 100, "height": 80},
            {"id": 11, "file_name": "b/x.jpg", "width": 60, "height": 40},
        ],
        "annotations": [
            {"id": 1, "image_id": 10, "category_id": 1, "bbox": [10, 10, 20, 20], "area": 200, "iscrowd": 0,
             "segmentation": [[10, 10, 30, 10, 10, 30]], "attributes": {"color": "red"}}
        ],
        "categories": [{"id": 1, "name": "cat", "supercategory": ""}, {"id": 2, "name": "dog", "supercategory": ""}],
    }  # fmt: skip

    files, encoded = export(records)

    assert list(files) == ["annotations/instances_train.json"]
    assert files["annotations/instances_train.json"] == json.dumps(expected, separators=(",", ":")).encode() + b"\n"
    assert [(o.status, o.codes) for e in encoded for o in e.outcomes] == [
        ("written", ("N_AREA_RECOMPUTED",)),
        ("failed", ("E_BOX_ZERO_AREA",)),
    ]
    assert encoded[1].outcomes[0].json_path == ".bbox"


def test_boxes_stay_without_segmentation_where_nothing_is_segmented() -> None:
    assert [a["segmentation"] for a in instances([picture(box(), box())])["annotations"]] == [[], []]


def test_a_box_beside_segmented_objects_gets_the_ring_of_its_corners() -> None:
    records = [picture(box(1.5, 2, 3, 4), region("[[10,10,30,10,10,30]]"))]

    assert instances(records)["annotations"][0]["segmentation"] == [[1.5, 2, 4.5, 2, 4.5, 6, 1.5, 6]]
    assert outcomes(records)[0] == ("written", ("N_BOX_AS_POLYGON",))


def test_a_crowd_box_keeps_the_empty_segmentation() -> None:
    entry = instances([picture(box(iscrowd=True), region("[[10,10,30,10,10,30]]"))])["annotations"][0]

    assert (entry["segmentation"], entry["iscrowd"]) == ([], 1)


def test_boxes_may_be_kept_apart_with_ids_of_their_own() -> None:
    records = [picture(box(), region("[[10,10,30,10,10,30]]"), box()), picture(box(), item=2, name="y.jpg")]

    files, _ = export(records, CocoOptions(boxes="separate"))

    kept = json.loads(files["annotations/instances_train.json"])
    apart = json.loads(files["annotations/boxes_train.json"])
    assert [a["id"] for a in kept["annotations"]] == [1]
    assert [a["id"] for a in apart["annotations"]] == [1, 2, 3]
    assert len(kept["images"]) == len(apart["images"]) == 2
    assert all(a["segmentation"] == [] for a in apart["annotations"])


def test_empty_segmentations_may_be_asked_for() -> None:
    records = [picture(box(), region("[[10,10,30,10,10,30]]"))]

    assert instances(records, CocoOptions(boxes="empty"))["annotations"][0]["segmentation"] == []


def test_several_parts_are_one_annotation() -> None:
    entries = instances([picture(region("[[0,0,10,0,10,10],[20,20,30,20,30,30]]"))])["annotations"]

    assert [e["segmentation"] for e in entries] == [[[0, 0, 10, 0, 10, 10], [20, 20, 30, 20, 30, 30]]]
    assert (entries[0]["area"], entries[0]["bbox"]) == (100, [0, 0, 30, 30])


def test_a_hole_makes_a_compressed_mask_and_a_crowd_an_open_one() -> None:
    ring, hole = "[[10,10,30,10,30,30,10,30]]", [[15, 15, 25, 15, 25, 25, 15, 25]]
    records = [picture(region(ring, holes=hole), region(ring, iscrowd=True))]

    first, second = instances(records)["annotations"]

    assert outcomes(records) == [("lossy", ("L_RASTERISED",))] * 2
    assert (first["segmentation"]["size"], first["area"], type(first["segmentation"]["counts"])) == (
        [80, 100],
        300,
        str,
    )
    assert sum(second["segmentation"]["counts"][1::2]) == 400


def test_a_region_between_pixel_centres_cannot_be_a_mask() -> None:
    thin = region("[[10.6,10,10.8,10,10.8,30,10.6,30]]", iscrowd=True)

    assert outcomes([picture(thin)]) == [("failed", ("E_MASK_EMPTY",))]


def test_masks_are_written_whole() -> None:
    records = [picture(mask([805, 4, 8000 - 809]))]
    entry = instances(records)["annotations"][0]

    assert outcomes(records) == [("written", ())]
    assert (entry["area"], entry["bbox"], entry["segmentation"]["size"]) == (4, [10, 5, 1, 4], [80, 100])


def test_masks_may_become_polygons_unless_they_have_holes() -> None:
    records = [picture(mask([805, 4, 8000 - 809]))]

    assert outcomes(records, CocoOptions(masks="polygon")) == [("written", ("N_MASK_AS_POLYGON",))]
    assert instances(records, CocoOptions(masks="polygon"))["annotations"][0]["segmentation"] == [
        [10, 5, 11, 5, 11, 9, 10, 9]
    ]


def test_a_rotated_box_is_its_corners_with_the_turn_beside_them() -> None:
    turned = Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40, 20, 10, 0.5))
    entry = instances([picture(turned)])["annotations"][0]

    corner = [50 - 10 * cos(0.5) + 5 * sin(0.5), 40 - 10 * sin(0.5) - 5 * cos(0.5)]
    assert entry["segmentation"][0][:2] == pytest.approx(corner, abs=1e-6)
    assert entry["attributes"] == {"rotation_rad": 0.5}
    assert entry["area"] == 200
    assert outcomes([picture(turned)]) == [("written", ("N_ROTATION_AS_POLYGON",))]


def test_fields_without_a_key_go_into_attributes() -> None:
    full = box(
        difficult=True,
        occluded=True,
        score=0.25,
        group_id="g",
        track_id=7,
        frame=0,
        attributes={"k": [1.5, None]},
        id="s",
    )
    entry = instances([picture(full)], CocoOptions(source_ids=True))["annotations"][0]

    assert list(entry)[-3:] == ["score", "attributes", "source_id"]
    assert entry["score"] == 0.25
    assert entry["attributes"] == {
        "k": [1.5, None], "difficult": True, "occluded": True, "group_id": "g", "track_id": 7, "frame": 0,
    }  # fmt: skip
    assert entry["source_id"] == "s"


def test_a_source_attribute_that_a_field_displaces_is_a_loss() -> None:
    assert outcomes([picture(box(truncated=True, attributes=b'{"truncated":"a bit"}'))]) == [
        ("lossy", ("L_ATTRIBUTES_DROPPED",))
    ]


@pytest.mark.parametrize("number", [b"1e400", b"NaN", b"-Infinity"])
def test_a_number_that_is_not_finite_in_attributes_costs_the_annotation(number: bytes) -> None:
    _, encoded = export([picture(box(attributes=b'{"a":{"b":[0,%b]}}' % number), box())])

    (bad, good) = encoded[0].outcomes
    assert (bad.codes, bad.json_path, good.status) == (("E_NOT_FINITE",), ".attributes.a.b[1]", "written")


def test_an_integer_beyond_64_bits_in_attributes_costs_the_annotation() -> None:
    assert outcomes([picture(box(attributes=b'{"a":36893488147419103232}'))]) == [("failed", ("E_NUMBER_RANGE",))]


def test_half_a_character_in_attributes_costs_the_record() -> None:
    with pytest.raises(RecordFault, match="half a character"):
        export([picture(box(attributes=b'{"a":"\\ud800"}'))])


def test_kinds_without_a_place_take_no_id() -> None:
    others = [Annotation(0, kind, "cat") for kind in ("relation", "cuboid", "tag", "polyline")]
    records = [picture(*others, Annotation(0, "point", "cat"), box())]

    assert outcomes(records) == [
        *[("skipped", ("S_KIND_UNSUPPORTED",))] * 4, ("skipped", ("S_POINT_UNGROUPED",)), ("written", ()),
    ]  # fmt: skip
    assert instances(records)["annotations"][0]["id"] == 1


def test_ids_leave_a_gap_where_an_annotation_fails() -> None:
    records = [picture(box(), box(w=0), box()), picture(box(), item=2)]

    assert [a["id"] for a in instances(records)["annotations"]] == [1, 3, 4]


def test_image_ids_count_from_one_where_record_ids_are_text() -> None:
    records = [picture(box(), item="a"), picture(item="b", name="y.jpg")]

    assert [i["id"] for i in instances(records)["images"]] == [1, 2]
    assert [code for code, _ in CocoWriter(CocoOptions(), plan_of(records)).notices()] == ["N_IDS_SEQUENTIAL"]
    with pytest.raises(UsageError, match="ids=source"):
        CocoWriter(CocoOptions(ids="source"), plan_of(records))


def test_excluded_regions_take_no_id_and_leave_boxes_bare() -> None:
    records = [picture(region("[[10,10,30,10,10,30]]"), box())]
    options = CocoOptions(segmentation="exclude")

    assert outcomes(records, options) == [("skipped", ("S_SEGMENTATION_EXCLUDED",)), ("written", ())]
    assert [(a["id"], a["segmentation"]) for a in instances(records, options)["annotations"]] == [(1, [])]


def test_precision_rounds_every_pixel_value_and_keeps_boxes_visible() -> None:
    records = [picture(region("[[10.26,10.04,30.55,10.5,10.1,30.123]]"), box(99.9, 1.25, 0.1, 2.5))]
    polygon, small = instances(records, CocoOptions(precision=0))["annotations"]

    assert polygon["segmentation"] == [[10, 10, 31, 10, 10, 30]]
    assert small["bbox"] == [99, 1, 1, 3]
    assert outcomes(records, CocoOptions(precision=0))[1] == ("lossy", ("N_BOX_AS_POLYGON", "L_BOX_GROWN"))


def test_tiny_numbers_are_written_without_an_exponent() -> None:
    files, _ = export([picture(box(1e-7, 0.00002, 20, 10))])

    assert b'"bbox":[0.0000001,0.00002,20,10]' in files["annotations/instances_train.json"]


def test_other_media_are_left_out() -> None:
    files, encoded = export([Record(1, (box(),), medium="video", name="x.mp4")])

    assert encoded[0].outcomes[0].codes == ("S_MEDIA_UNSUPPORTED",)
    assert json.loads(files["annotations/instances_train.json"])["images"] == []


@settings(max_examples=50, deadline=None)
@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    label=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
def test_any_name_comes_back_from_ascii_json(name: str, label: str) -> None:
    loaded = instances([picture(box(label=label), name=name)])

    assert (loaded["images"][0]["file_name"], loaded["categories"][0]["name"]) == (name, label)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_evaluates_the_truth_against_itself_to_one(tmp_path: Path) -> None:
    from pycocotools.coco import COCO  # type: ignore[import-untyped]
    from pycocotools.cocoeval import COCOeval  # type: ignore[import-untyped]

    objects = [
        box(), box(70, 60, 25.5, 15.25), region("[[10,10,30,10,10,30]]"), mask([805, 40, 40, 40, 8000 - 925]),
        region("[[40,40,60,40,60,60,40,60]]", holes=[[45, 45, 55, 45, 55, 55, 45, 55]]),
        Annotation(0, "rotated_box", "dog", geometry=RotatedBox(50, 40, 20, 10, 0.5)),
    ]  # fmt: skip
    path = tmp_path / "instances.json"
    files, _ = export(
        [picture(*objects), picture(region("[[1,1,90,1,50,70]]", iscrowd=True), box(), item=2, name="y.jpg")]
    )
    path.write_bytes(files["annotations/instances_train.json"])

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(path))
        for entry in truth.loadAnns(truth.getAnnIds()):
            assert abs(int(truth.annToMask(entry).sum()) - entry["area"]) <= 0.15 * entry["area"]
        found = [{**e, "score": 1.0} for e in truth.dataset["annotations"] if not e["iscrowd"]]
        for kind in ("bbox", "segm"):
            evaluation = COCOeval(truth, truth.loadRes([dict(e) for e in found]), kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            assert evaluation.stats[0] == pytest.approx(1.0)
