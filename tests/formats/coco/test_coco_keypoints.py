"""Key points and captions stand in files of their own; the objects stand in ``instances_`` too (section 5.1)."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest
from tests.formats.coco.workbench import box, export, instances, outcomes, person, picture, read, region

from exportkit.errors import RecordFault
from exportkit.records import PERSON_17, Annotation, Box, Keypoints, LazyRegion, Record
from exportkit_coco.options import CocoOptions

PEOPLE = "annotations/person_keypoints_train.json"
CAPTIONS = "annotations/captions_train.json"
OUTLINE = LazyRegion(b"[[10,10,30,10,10,30]]", "coco_rings")


def arrow(label: str = "arrow", names: tuple[str, ...] = ("tip", "tail"), **fields: Any) -> Annotation:
    points = tuple((10 * n + 10, 20, 2) for n in range(len(names)))
    return Annotation(0, "keypoints", label, geometry=Keypoints(points, "arrow", names, ((0, 1),)), **fields)


def test_an_object_with_key_points_stands_in_both_files_and_is_counted_once() -> None:
    records = [picture(box(), person((10, 20, 2), (30.5, 40, 1), box=Box(5, 5, 50, 60)))]

    people, objects = read(records, PEOPLE), instances(records)
    _, encoded = export(records)

    assert [a["id"] for a in objects["annotations"]] == [1, 2]
    assert people["annotations"] == [
        {
            "id": 1, "image_id": 1, "category_id": 2, "bbox": [5, 5, 50, 60], "area": 3000, "iscrowd": 0,
            "segmentation": [], "keypoints": [10, 20, 2, 30.5, 40, 1, *[0] * 45], "num_keypoints": 2,
        }
    ]  # fmt: skip
    assert "keypoints" not in objects["annotations"][1]
    assert objects["annotations"][1]["bbox"] == [5, 5, 50, 60]
    assert [o.status for o in encoded[0].outcomes] == ["written", "written"]
    assert encoded[0].objects == 2


def test_the_role_lists_all_pictures_and_the_classes_with_a_skeleton_only() -> None:
    people = read([picture(box(), person((1, 1, 2))), picture(item=2, name="y.jpg")], PEOPLE)

    (category,) = people["categories"]
    assert [image["id"] for image in people["images"]] == [1, 2]
    assert (category["id"], category["name"], category["keypoints"]) == (2, "person", list(PERSON_17.points))
    assert category["skeleton"][:2] == [[16, 14], [14, 12]]


def test_any_skeleton_has_its_own_category_fields() -> None:
    records = [picture(person((1, 1, 2)), arrow())]

    arrows, persons = read(records, PEOPLE)["categories"]

    assert (arrows["keypoints"], arrows["skeleton"]) == (["tip", "tail"], [[1, 2]])
    assert len(persons["keypoints"]) == 17
    assert [len(a["keypoints"]) for a in read(records, PEOPLE)["annotations"]] == [51, 6]


def test_another_skeleton_of_the_same_class_costs_the_points_alone() -> None:
    records = [picture(arrow(), arrow(), arrow(names=("one", "two", "three")))]

    assert outcomes(records)[2] == ("lossy", ("L_KEYPOINTS_DROPPED",))
    assert [a["id"] for a in read(records, PEOPLE)["annotations"]] == [1, 2]
    assert [a["id"] for a in instances(records)["annotations"]] == [1, 2, 3]


def test_an_object_without_a_labelled_point_has_none_to_count() -> None:
    (entry,) = read([picture(person(box=Box(1, 2, 3, 4)))], PEOPLE)["annotations"]

    assert (entry["num_keypoints"], entry["keypoints"]) == (0, [0] * 51)


def test_the_box_is_derived_where_none_is_declared() -> None:
    (entry,) = read([picture(person((10, 20, 2), (30, 40, 1)))], PEOPLE)["annotations"]

    assert (entry["bbox"], entry["area"]) == ([10, 20, 20, 20], 400)


def test_a_region_of_the_object_is_written_in_both_files_and_makes_boxes_rectangles() -> None:
    records = [picture(person((10, 20, 2), region=OUTLINE, box=Box(9, 9, 30, 30)), person((1, 1, 2), (9, 9, 2)), box())]

    people, objects = read(records, PEOPLE)["annotations"], instances(records)["annotations"]

    assert [a["segmentation"] for a in people] == [[[10, 10, 30, 10, 10, 30]], []]
    assert [len(a["segmentation"]) for a in objects] == [1, 1, 1]
    assert (people[0]["area"], people[0]["bbox"]) == (200, [9, 9, 30, 30])
    assert outcomes(records) == [
        ("written", ()), ("written", ("N_BOX_AS_POLYGON",)), ("written", ("N_BOX_AS_POLYGON",)),
    ]  # fmt: skip


def test_without_any_region_nothing_gets_a_rectangle() -> None:
    records = [picture(person((1, 1, 2), (9, 9, 2)), box())]

    assert [a["segmentation"] for a in instances(records)["annotations"]] == [[], []]


def test_an_excluded_region_of_an_object_with_key_points_is_a_loss() -> None:
    records = [picture(person((10, 20, 2), region=OUTLINE, box=Box(9, 9, 30, 30)))]
    options = CocoOptions(segmentation="exclude")

    assert outcomes(records, options) == [("lossy", ("L_REGION_DROPPED",))]
    assert read(records, PEOPLE, options)["annotations"][0]["segmentation"] == []
    assert instances(records, options)["annotations"][0]["segmentation"] == []


def test_kept_apart_an_object_goes_where_its_region_or_box_belongs() -> None:
    records = [
        picture(
            person((10, 20, 2), region=OUTLINE), person((1, 1, 2), (9, 9, 2)), box(), region("[[1,1,9,1,9,9]]")
        )
    ]  # fmt: skip
    options = CocoOptions(boxes="separate")

    kept = instances(records, options)["annotations"]
    apart = read(records, "annotations/boxes_train.json", options)["annotations"]

    assert [a["segmentation"] != [] for a in kept + apart] == [True, True, False, False]
    for entries in (kept, apart):
        ids = [a["id"] for a in entries]
        assert ids == sorted(set(ids))
        assert ids[0] >= 1
    assert [a["id"] for a in read(records, PEOPLE, options)["annotations"]] == [1, 2]


def test_a_crowd_with_key_points_has_run_lengths_or_nothing() -> None:
    records = [picture(person((10, 20, 2), region=OUTLINE, iscrowd=True), person((1, 1, 2), (5, 5, 2), iscrowd=True))]

    outlined, bare = read(records, PEOPLE)["annotations"]

    assert outcomes(records) == [("lossy", ("L_RASTERISED",)), ("written", ())]
    assert isinstance(outlined["segmentation"]["counts"], list)
    assert (bare["iscrowd"], bare["segmentation"]) == (1, [])


def test_a_point_outside_is_zeroed_and_all_outside_fails() -> None:
    records = [picture(person((10, 20, 2), (300, 20, 2), box=Box(1, 1, 30, 30)), person((300, 1, 2), (400, 1, 2)))]

    assert outcomes(records) == [("lossy", ("L_KEYPOINT_DROPPED",)), ("failed", ("E_OUTSIDE",))]
    (entry,) = read(records, PEOPLE)["annotations"]
    assert (entry["keypoints"][:6], entry["num_keypoints"]) == ([10, 20, 2, 0, 0, 0], 1)


def test_precision_rounds_points() -> None:
    (entry,) = read([picture(person((10.26, 20.04, 2), (99.96, 1, 2)))], PEOPLE, CocoOptions(precision=0))[
        "annotations"
    ]

    assert entry["keypoints"][:6] == [10, 20, 2, 100, 1, 2]


def test_a_failed_object_leaves_a_gap_in_both_files() -> None:
    records = [picture(person((1, 1, 2)), person((300, 1, 2)), person((2, 2, 2)))]

    assert [a["id"] for a in read(records, PEOPLE)["annotations"]] == [1, 3]
    assert [a["id"] for a in instances(records)["annotations"]] == [1, 3]


def test_captions_have_ids_of_their_own_and_no_category() -> None:
    said = Annotation(0, "caption", None, geometry='a "ä" 猫')
    records = [picture(box(), said), picture(said, item=2, name="y.jpg")]

    captions = read(records, CAPTIONS)

    assert captions["annotations"] == [
        {"id": 1, "image_id": 1, "caption": 'a "ä" 猫'}, {"id": 2, "image_id": 2, "caption": 'a "ä" 猫'},
    ]  # fmt: skip
    assert captions["categories"] == []
    assert outcomes(records)[1] == ("written", ())


def test_a_dataset_of_captions_has_no_instances() -> None:
    files, _ = export([picture(Annotation(0, "caption", None, geometry="words"))])

    assert list(files) == [CAPTIONS]


def test_attributes_and_label_of_a_caption_are_kept() -> None:
    said = Annotation(0, "caption", "style", geometry="words", attributes=b'{"by":"me"}', score=0.5)

    (entry,) = read([picture(said)], CAPTIONS)["annotations"]

    assert (entry["score"], entry["attributes"]) == (0.5, {"by": "me", "label": "style"})


def test_a_caption_that_is_no_text_fails() -> None:
    assert outcomes([picture(Annotation(0, "caption", None, geometry=7))]) == [("failed", ("E_ANNOTATION",))]


def test_half_a_character_in_a_caption_costs_the_record() -> None:
    with pytest.raises(RecordFault, match="half a character"):
        export([picture(Annotation(0, "caption", None, geometry="a\ud800"))])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", ["bbox", "segm", "keypoints"])
def test_pycocotools_evaluates_people_against_themselves_to_one(tmp_path: Path, kind: str) -> None:
    from pycocotools.coco import COCO  # type: ignore[import-untyped]
    from pycocotools.cocoeval import COCOeval  # type: ignore[import-untyped]

    spread = [(5 + 4 * n, 10 + 3 * n, 2 - n % 2) for n in range(17)]
    others = [(x + 20, y / 2, v) for x, y, v in spread[:4]]
    people = [person(*spread), person(*others, region=OUTLINE, box=Box(9, 9, 30, 30))]
    records = [picture(*people, box(label="dog")), picture(person(*spread[3:9]), item=2, name="y.jpg")]
    path = tmp_path / "truth.json"
    files, _ = export(records)
    path.write_bytes(files[PEOPLE if kind == "keypoints" else "annotations/instances_train.json"])

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(path))
        found = truth.loadRes([{**entry, "score": 1.0} for entry in truth.dataset["annotations"]])
        evaluation = COCOeval(truth, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


def test_another_medium_has_no_people() -> None:
    _, encoded = export([Record(1, (person((1, 1, 2)),), medium="video", name="x.mp4")])

    assert encoded[0].outcomes[0].codes == ("S_MEDIA_UNSUPPORTED",)
