"""Damages to COCO datasets: rules 11 to 25."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.check.damage import Case, Damage, both, copied, gone, text

COCO = "annotations/instances_train.json"
FIRST, SECOND = "$.annotations[?(@.id==1)]", "$.annotations[?(@.id==2)]"


def coco(edit: Callable[[dict[str, Any]], object], path: str = COCO) -> Damage:
    """Edit a role file, which stays strict ASCII JSON."""

    def damage(root: Path) -> None:
        document = json.loads((root / path).read_text())
        edit(document)
        (root / path).write_text(json.dumps(document))

    return damage


def thing(number: int, path: str = COCO, **changed: Any) -> Damage:
    """Change an annotation; ``...`` takes a key away."""

    def edit(document: dict[str, Any]) -> None:
        entry = document["annotations"][number]
        entry.update(changed)
        document["annotations"][number] = {key: value for key, value in entry.items() if value is not ...}

    return coco(edit, path)


def category(path: str, **changed: Any) -> Damage:
    """Change the first category."""
    return coco(lambda document: document["categories"][0].update(changed), path)


def picture(number: int, **changed: Any) -> Damage:
    return coco(lambda document: document["images"][number].update(changed))


RUNS = {"size": [40, 48], "counts": [10, 5, 1905]}
COCO_CASES = [
    Case("C_COCO_JSON", "error", "coco", text(COCO, '"annotations":[', '"annotations":[,'), COCO),
    Case("C_COCO_JSON", "error", "coco", coco(lambda d: d.pop("categories")), COCO),
    Case("C_COCO_JSON", "error", "coco", thing(0, area=float("nan")), COCO, "$.annotations"),
    Case("C_COCO_JSON", "error", "coco", thing(0, bbox=None), COCO, FIRST),
    Case("C_COCO_JSON", "error", "coco", text(COCO, '"cat"', '"caté"'), COCO),
    Case("C_COCO_ID", "error", "coco", thing(1, id=1), COCO),
    Case("C_COCO_ID", "error", "coco", thing(0, id=0), COCO, "$.annotations[?(@.id==0)]"),
    Case("C_COCO_ID", "error", "coco", thing(0, id="1"), COCO, "$.annotations"),
    Case("C_COCO_ID", "error", "coco", picture(1, id=1), COCO),
    Case("C_COCO_REF", "error", "coco", thing(0, image_id=77), COCO),
    Case("C_COCO_REF", "error", "coco", thing(0, category_id=77), COCO),
    Case("C_COCO_CATEGORY", "error", "coco", coco(lambda d: d["categories"][1].update(name="cat")), COCO),
    Case("C_COCO_CATEGORY", "warn", "coco", coco(lambda d: d["categories"].append({"id": 9, "name": "x"})), COCO),
    Case("C_COCO_FILE", "error", "coco", picture(1, file_name="a.jpg"), COCO),
    Case("C_COCO_FILE", "error", "coco", picture(0, file_name="../a.jpg"), COCO, "$.images[?(@.id==1)]"),
    Case("C_COCO_FILE", "error", "coco", picture(0, file_name="x\\a.jpg"), COCO, "$.images[?(@.id==1)]"),
    Case("C_COCO_KEYS", "error", "coco", thing(0, iscrowd=...), COCO, FIRST),
    Case("C_COCO_KEYS", "error", "coco", thing(1, segmentation=...), COCO, SECOND),
    Case("C_COCO_BBOX", "error", "coco", thing(0, bbox=[1, 2, 0, 9]), COCO, FIRST),
    Case("C_COCO_BBOX", "error", "coco", thing(0, bbox=[1, 2, 50, 9]), COCO, FIRST),
    Case("C_COCO_AREA", "error", "coco", thing(0, area=0), COCO, FIRST),
    Case("C_COCO_AREA", "warn", "coco", thing(0, area=110), COCO, FIRST),
    Case("C_COCO_CROWD", "error", "coco", thing(1, iscrowd=1), COCO, SECOND),
    Case("C_COCO_CROWD", "error", "coco", thing(1, iscrowd=2), COCO, SECOND),
    Case("C_COCO_RING", "error", "coco", thing(1, segmentation=[[1, 2, 3, 4]]), COCO, SECOND),
    Case("C_COCO_RING", "error", "coco", thing(1, segmentation=[[1, 2, 3, 4, 5, 60]]), COCO, SECOND),
    Case("C_COCO_RLE", "error", "coco", thing(1, segmentation=RUNS | {"size": [48, 40]}), COCO, SECOND),
    Case("C_COCO_RLE", "error", "coco", thing(1, segmentation=RUNS | {"counts": [10, 5]}), COCO, SECOND),
    Case("C_COCO_MIXED", "error", "coco", thing(0, segmentation=[]), COCO),
]

PEOPLE, PANOPTIC = "annotations/person_keypoints_train.json", "annotations/panoptic_train.json"
SEGMENT = {"id": 1, "category_id": 2, "area": 160, "bbox": [20, 20, 19, 16], "iscrowd": 0}
POINTS = [value for n in range(17) for value in (9 + n, 10, 2)]
ROLE_CASES = [
    Case("C_COCO_KPT", "error", "people", thing(0, PEOPLE, keypoints=POINTS[:-1]), PEOPLE, FIRST),
    Case("C_COCO_KPT", "error", "people", thing(0, PEOPLE, keypoints=POINTS[:-3], num_keypoints=16), PEOPLE),
    Case("C_COCO_KPT", "error", "people", thing(0, PEOPLE, keypoints=[*POINTS[:-1], 3]), PEOPLE, FIRST),
    Case("C_COCO_KPT", "error", "people", thing(0, PEOPLE, num_keypoints=5), PEOPLE, FIRST),
    Case("C_COCO_KPT", "error", "people", thing(0, PEOPLE, num_keypoints=...), PEOPLE, FIRST),
    Case("C_COCO_KPT", "error", "people", thing(0, PEOPLE, keypoints=...), PEOPLE, FIRST),
    Case("C_COCO_KPT", "error", "people", category(PEOPLE, keypoints=None), PEOPLE),
    Case("C_COCO_KPT", "error", "people", category(PEOPLE, skeleton=[[0, 1]]), PEOPLE),
    Case("C_COCO_KPT", "error", "people", category(PEOPLE, skeleton=[[1, 18]]), PEOPLE),
    Case(
        "C_COCO_KPT17", "warn", "people",
        both(
            category(PEOPLE, keypoints=["a"], skeleton=[]), thing(0, PEOPLE, keypoints=[9, 10, 2], num_keypoints=1)
        ),
        PEOPLE,
    ),
    Case("C_COCO_PANOPTIC", "error", "panoptic", gone("annotations/panoptic_train/a.png"), PANOPTIC, "$.annotations"),
    Case(
        "C_COCO_PANOPTIC", "error", "panoptic",
        copied("annotations/panoptic_train/b.png", "annotations/panoptic_train/a.png"), PANOPTIC, "$.annotations",
    ),
    Case(
        "C_COCO_PANOPTIC", "error", "panoptic",
        thing(0, PANOPTIC, segments_info=[SEGMENT | {"id": 2}]), PANOPTIC, "$.annotations",
    ),
    Case(
        "C_COCO_PANOPTIC", "error", "panoptic",
        thing(0, PANOPTIC, segments_info=[SEGMENT | {"area": 9}]), PANOPTIC, "$.annotations",
    ),
    Case(
        "C_COCO_PANOPTIC", "error", "panoptic",
        thing(0, PANOPTIC, segments_info=[SEGMENT | {"category_id": 9}]), PANOPTIC, None,
    ),
]  # fmt: skip
