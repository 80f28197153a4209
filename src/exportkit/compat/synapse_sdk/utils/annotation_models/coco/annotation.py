"""The row of an annotation in a COCO file."""

from __future__ import annotations

import math
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

__all__ = ["COCOAnnotation"]


class COCOAnnotation(BaseModel):
    """An object: ``bbox`` as x, y, width, height in pixels, ``area`` in square pixels.

    ``segmentation`` is a list of flat rings, or run lengths as compressed text with the ``size`` of their grid;
    ``keypoints`` holds x, y and visibility (0, 1 or 2) of each point, ``num_keypoints`` how many are labelled.
    """

    id: int = Field(gt=0)
    image_id: int = Field(gt=0)
    category_id: int = Field(gt=0)
    bbox: list[float] = Field(min_length=4, max_length=4)
    segmentation: list[list[float]] | dict[str, Any] | None = None
    area: float
    iscrowd: int = Field(ge=0, le=1, default=0)
    keypoints: list[float] | None = None
    num_keypoints: int | None = Field(default=None, ge=0)
    score: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def validate_geometry(self) -> Self:
        _check_finite(self.bbox, "bbox")
        if self.bbox[2] <= 0 or self.bbox[3] <= 0:
            raise ValueError("The width and the height of a bbox must be positive.")
        _check_finite([self.area], "area")
        if self.area < 0:
            raise ValueError("An area must not be negative.")
        if isinstance(self.segmentation, dict):
            _check_run_lengths(self.segmentation)
        for ring in self.segmentation if isinstance(self.segmentation, list) else ():
            if len(ring) < 6 or len(ring) % 2:
                raise ValueError("A ring of a segmentation needs at least three pairs of x and y.")
            _check_finite(ring, "segmentation")
        self._check_keypoints()
        return self

    def _check_keypoints(self) -> None:
        if self.keypoints is None:
            if self.num_keypoints is not None:
                raise ValueError("num_keypoints needs keypoints.")
            return
        if len(self.keypoints) % 3:
            raise ValueError("Keypoints come as x, y and visibility.")
        _check_finite(self.keypoints, "keypoints")
        seen = self.keypoints[2::3]
        if not all(visibility in (0, 1, 2) for visibility in seen):
            raise ValueError("The visibility of a keypoint is 0, 1 or 2.")
        if self.num_keypoints != sum(visibility > 0 for visibility in seen):
            raise ValueError("num_keypoints must count the keypoints whose visibility is 1 or 2.")


def _check_finite(values: list[float], name: str) -> None:
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f"The numbers of {name} must be finite.")


def _check_run_lengths(segmentation: dict[str, Any]) -> None:
    if set(segmentation) != {"size", "counts"}:
        raise ValueError("Run lengths have 'size' and 'counts', and nothing else.")
    size, counts = segmentation["size"], segmentation["counts"]
    if not isinstance(size, list) or len(size) != 2 or any(type(side) is not int or side <= 0 for side in size):
        raise ValueError("The size of run lengths is [height, width], both positive.")
    if not isinstance(counts, str) or not counts or not counts.isascii():
        raise ValueError("The counts of run lengths are a compressed text.")
