"""The truth in our COCO files, evaluated against itself, is perfect: by pycocotools and by faster-coco-eval.

Both read every file with boxes, segments or key points that a dataset has; a file moved aside is not perfect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.consumers.datasets import BUNDLES, Dataset, Workshop, each

pycocotools: Any = pytest.importorskip("pycocotools.coco")
COCOeval: Any = pytest.importorskip("pycocotools.cocoeval").COCOeval
faster: Any = pytest.importorskip("faster_coco_eval")

pytestmark = [
    pytest.mark.consumers,
    # pycocotools and NumPy 2 differ about copies.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
EVALUATORS: dict[str, tuple[Any, Any]] = {
    "pycocotools": (pycocotools.COCO, COCOeval),
    "faster-coco-eval": (faster.COCO, faster.COCOeval_faster),
}
#: What can be evaluated in files of a role.
MEASURES = {
    "instances": ("bbox", "segm"),
    "boxes": ("bbox",),
    "person_keypoints": ("bbox", "keypoints"),
    "stuff": ("segm",),
}
#: The sigma of COCO's OKS that points get of which its authors measured none.
SIGMA = 0.05

Change = Callable[[dict[str, Any]], dict[str, Any]]


def role_files(dataset: Dataset) -> Iterator[tuple[str, Path]]:
    for path in sorted((dataset.folder / "annotations").glob("*.json")):
        role = path.stem.rpartition("_")[0]
        if role in MEASURES:
            yield role, path


def detected(coco: Any, thing: dict[str, Any], kind: str) -> dict[str, Any]:
    geometry = {
        "bbox": lambda: thing["bbox"],
        "segm": lambda: coco.annToRLE(thing),
        "keypoints": lambda: thing["keypoints"],
    }[kind]()
    name = "segmentation" if kind == "segm" else kind
    return {"image_id": thing["image_id"], "category_id": thing["category_id"], "score": 1.0, name: geometry}


def truth(coco: Any, kind: str) -> list[dict[str, Any]]:
    """What an evaluation asks for: no crowds, which it lets pass, and no objects of which no point is labelled."""
    things = [thing for thing in coco.anns.values() if not thing["iscrowd"]]
    return [thing for thing in things if kind != "keypoints" or thing["num_keypoints"]]


def precision(evaluator: str, coco: Any, detections: list[dict[str, Any]], kind: str) -> float:
    evaluation = EVALUATORS[evaluator][1](coco, coco.loadRes(detections), kind)
    # Crowded pictures have more objects than the hundred that count by default.
    most = max(100, len(detections))
    evaluation.params.maxDets = [most] if kind == "keypoints" else [1, 10, most]
    if kind == "keypoints":
        (points,) = {len(thing["keypoints"]) // 3 for thing in detections}
        evaluation.params.kpt_oks_sigmas = np.full(points, SIGMA)
    evaluation.evaluate()
    evaluation.accumulate()
    found = evaluation.eval["precision"][:, :, :, 0, -1]
    return float(np.mean(found[found > -1]))


def measured(dataset: Dataset, evaluator: str, change: Change) -> dict[str, float]:
    """The precision of each role file and measure that has a truth, when detections are the changed truth."""
    found = {}
    for role, path in role_files(dataset):
        coco = EVALUATORS[evaluator][0](path)
        for kind in MEASURES[role]:
            things = truth(coco, kind)
            if kind == "segm" and not any(thing["segmentation"] for thing in things):
                continue
            if kind == "segm" and stops(evaluator, coco):
                with pytest.raises(IndexError):
                    coco.loadRes([detected(coco, thing, kind) for thing in coco.anns.values()])
            elif things:
                detections = [change(detected(coco, thing, kind)) for thing in things]
                found[f"{path.stem} {kind}"] = precision(evaluator, coco, detections, kind)
    return found


def stops(evaluator: str, coco: Any) -> bool:
    """Whether segments cannot be evaluated: a crowd that is a box has none (formats, section 5.1).

    ``boxes=separate`` keeps these out of the file; faster-coco-eval takes them as empty.
    """
    empty = [thing for thing in coco.anns.values() if thing["segmentation"] == []]
    assert all(thing["iscrowd"] for thing in empty)
    return evaluator == "pycocotools" and bool(empty)


def unchanged(thing: dict[str, Any]) -> dict[str, Any]:
    return thing


def elsewhere(thing: dict[str, Any]) -> dict[str, Any]:
    """The same, away from where it is."""
    if "bbox" in thing:
        x, y, w, h = thing["bbox"]
        return {**thing, "bbox": [x + 2 * w, y + 2 * h, w, h]}
    if "keypoints" in thing:
        moved = np.array(thing["keypoints"], dtype=np.float64)
        moved[::3] += 1e5
        return {**thing, "keypoints": moved.tolist()}
    pixels = pycocotools.maskUtils.decode(thing["segmentation"])
    return {**thing, "segmentation": pycocotools.maskUtils.encode(np.asfortranarray(1 - pixels))}


@pytest.mark.parametrize("evaluator", EVALUATORS)
@pytest.mark.parametrize("output", ["coco", "coco_separate", "coco_semantic"])
@each(BUNDLES)
def test_the_truth_is_perfect_and_nothing_else_is(
    workshop: Workshop, bundle: str, output: str, evaluator: str, capfd: pytest.CaptureFixture[str]
) -> None:
    dataset = workshop.dataset(bundle, output)

    perfect = measured(dataset, evaluator, unchanged)
    assert perfect == {name: pytest.approx(1.0, abs=1e-9) for name in perfect}

    moved = measured(dataset, evaluator, elsewhere)
    assert moved.keys() == perfect.keys()
    assert {name: value for name, value in moved.items() if value > 0.5} == {}


def test_every_role_with_a_measure_was_evaluated(workshop: Workshop, capfd: pytest.CaptureFixture[str]) -> None:
    """Lest the test above should find nothing to do."""
    found = measured(workshop.dataset("seed_tasks", "coco"), "faster-coco-eval", unchanged)
    assert found.keys() == {
        "instances_train bbox",
        "instances_train segm",
        "person_keypoints_train bbox",
        "person_keypoints_train keypoints",
    }
    assert "stuff_train segm" in measured(workshop.dataset("seed_tasks", "coco_semantic"), "pycocotools", unchanged)
    assert "instances_train segm" in measured(workshop.dataset("seed_tasks", "coco_separate"), "pycocotools", unchanged)


@each(BUNDLES)
def test_other_roles_list_the_same_pictures(workshop: Workshop, bundle: str) -> None:
    """Captions and panoptic segments have no evaluation of their own in these tools; ids lead to the same pictures."""
    dataset = workshop.dataset(bundle, "coco_semantic")
    for path in sorted((dataset.folder / "annotations").glob("*.json")):
        role, _, split = path.stem.rpartition("_")
        document = json.loads(path.read_text(encoding="ascii"))
        names = {f"images/{split}/{image['file_name']}" for image in document["images"]}
        assert names == {picture for picture, _ in dataset.of(split)}, role
        assert {thing["image_id"] for thing in document["annotations"]} <= {image["id"] for image in document["images"]}
