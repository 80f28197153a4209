"""What panopticapi demands and computes, written anew from its documentation and that of the COCO panoptic task."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["ids_of", "panoptic_quality", "refusals"]

Ids = npt.NDArray[np.int64]


def ids_of(png: bytes) -> Ids:
    """Ids of segments: red + 256 · green + 65536 · blue."""
    channels = np.asarray(Image.open(io.BytesIO(png)), dtype=np.int64)
    assert channels.ndim == 3
    found: Ids = channels[:, :, 0] + 256 * channels[:, :, 1] + 65536 * channels[:, :, 2]
    return found


def refusals(document: Mapping[str, Any], png_of: Callable[[str], bytes]) -> list[str]:
    """Why the evaluation would stop, or count something wrong."""
    found = []
    categories = {category["id"]: category for category in document["categories"]}
    found += [
        f"category {c} has no isthing or color" for c in categories if not {"isthing", "color"} <= set(categories[c])
    ]
    images = {image["id"]: image for image in document["images"]}
    for annotation in document["annotations"]:
        ids = ids_of(png_of(annotation["file_name"]))
        image = images[annotation["image_id"]]
        if ids.shape != (image["height"], image["width"]):
            found.append(f"{annotation['file_name']}: another size")
        areas = Counter(ids.ravel().tolist())
        areas.pop(0, None)
        told = {info["id"]: info for info in annotation["segments_info"]}
        if len(told) != len(annotation["segments_info"]):
            found.append("an id twice")
        found += [f"{number} is in the PNG and not in the JSON" for number in areas.keys() - told.keys()]
        found += [f"{number} is in the JSON and not in the PNG" for number in told.keys() - areas.keys()]
        for number, info in told.items():
            if info["area"] != areas[number]:
                found.append(f"area of {number}")
            if info["category_id"] not in categories:
                found.append(f"category of {number}")
            rows, columns = np.nonzero(ids == number)
            box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1] if len(rows) else []
            if info["bbox"] != box:
                found.append(f"box of {number}")
    return found


def panoptic_quality(truth: Mapping[str, Any], guess: Mapping[str, Any], png_of: Callable[[str], bytes]) -> float:
    """PQ over all categories: segments of one category match where their IoU is over one half; crowds do not count."""
    matched = iou_sum = missed = surplus = 0.0
    guesses = {annotation["image_id"]: annotation for annotation in guess["annotations"]}
    for annotation in truth["annotations"]:
        other = guesses[annotation["image_id"]]
        true_ids, guessed_ids = ids_of(png_of(annotation["file_name"])), ids_of(png_of(other["file_name"]))
        true = {info["id"]: info for info in annotation["segments_info"] if not info["iscrowd"]}
        guessed = {info["id"]: info for info in other["segments_info"] if not info["iscrowd"]}
        taken = set()
        for number, info in true.items():
            best = 0.0
            for candidate, told in guessed.items():
                if told["category_id"] != info["category_id"]:
                    continue
                mine, others = true_ids == number, guessed_ids == candidate
                iou = (mine & others).sum() / ((mine | others) & ((true_ids != 0) | mine)).sum()
                if iou > 0.5:
                    best = max(best, iou)
                    taken.add(candidate)
            matched += best > 0
            iou_sum += best
            missed += best == 0
        surplus += len(guessed) - len(taken)
    return iou_sum / (matched + missed / 2 + surplus / 2)
