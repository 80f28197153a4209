"""The row of a class in a COCO file."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field, model_validator

__all__ = ["COCOCategory"]


class COCOCategory(BaseModel):
    """A class. One with key points names each once, and its skeleton joins them by numbers from 1 on."""

    id: int = Field(gt=0)
    name: str = Field(min_length=1)
    supercategory: str = ""
    keypoints: list[str] | None = None
    skeleton: list[list[int]] | None = None

    @model_validator(mode="after")
    def validate_pose_schema(self) -> Self:
        if self.keypoints is None:
            if self.skeleton is not None:
                raise ValueError("A skeleton needs the names of its keypoints.")
            return self
        if not self.keypoints or not all(self.keypoints) or len(set(self.keypoints)) < len(self.keypoints):
            raise ValueError("The names of keypoints must be there, and each only once.")
        if self.skeleton is None:
            raise ValueError("A category with keypoints needs a skeleton.")
        for edge in self.skeleton:
            if len(edge) != 2 or not all(1 <= end <= len(self.keypoints) for end in edge):
                raise ValueError(
                    f"{edge} is no edge of the skeleton; give two numbers from 1 to {len(self.keypoints)}."
                )
        return self
