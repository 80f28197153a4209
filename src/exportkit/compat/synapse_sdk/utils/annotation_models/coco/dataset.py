"""A COCO file."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from exportkit.compat.synapse_sdk.utils.annotation_models.coco.annotation import COCOAnnotation
from exportkit.compat.synapse_sdk.utils.annotation_models.coco.category import COCOCategory
from exportkit.compat.synapse_sdk.utils.annotation_models.coco.image import COCOImage
from exportkit.records import PERSON_17

__all__ = ["COCODataset", "COCOInfo", "COCOLicense"]


#: Joints that are joined, by numbers from 1 on.
_EDGES = [(start + 1, end + 1) for start, end in PERSON_17.edges]


class COCOInfo(BaseModel):
    """What a file tells about itself."""

    description: str = ""
    url: str = ""
    version: str = ""
    year: int | None = None
    contributor: str = ""
    date_created: str = ""


class COCOLicense(BaseModel):
    """A licence that pictures name by its id."""

    id: int = Field(gt=0)
    name: str = ""
    url: str = ""


class COCODataset(BaseModel):
    """A whole file. Ids are unique, and what annotations refer to is there."""

    info: COCOInfo = Field(default_factory=COCOInfo)
    licenses: list[COCOLicense] = Field(default_factory=list)
    images: list[COCOImage] = Field(default_factory=list)
    annotations: list[COCOAnnotation] = Field(default_factory=list)
    categories: list[COCOCategory] = Field(default_factory=list)

    @model_validator(mode="after")
    def validate_local_references(self) -> Self:
        images = _unique_ids("image", [image.id for image in self.images])
        categories = _unique_ids("category", [category.id for category in self.categories])
        _unique_ids("annotation", [annotation.id for annotation in self.annotations])
        for annotation in self.annotations:
            if annotation.image_id not in images:
                raise ValueError(
                    f"Annotation {annotation.id} names the image {annotation.image_id}, which is not here."
                )
            if annotation.category_id not in categories:
                raise ValueError(
                    f"Annotation {annotation.id} names the category {annotation.category_id}, which is not here."
                )
        return self

    def validate_role(self, role: str) -> Self:
        """Raise ValueError unless the file is what consumers of ``role`` read.

        ``role`` is ``instances``, ``person_keypoints`` (the 17 joints of a person) or ``stuff`` (masks alone).
        """
        if role not in {"instances", "person_keypoints", "stuff"}:
            raise ValueError(f"{role!r} is no role of a COCO file; it is instances, person_keypoints or stuff.")
        if not {"images", "annotations", "categories"} <= self.model_fields_set:
            raise ValueError("A COCO file needs images, annotations and categories.")
        for image in self.images:
            if not _is_safe(image.file_name):
                raise ValueError(f"The file name {image.file_name!r} does not stay below the folder of the dataset.")
        for category in self.categories:
            _check_category(category, role)
        sizes = {image.id: [image.height, image.width] for image in self.images}
        for annotation in self.annotations:
            _check_annotation(annotation, role, sizes[annotation.image_id])
        return self

    def to_json(self, indent: int | None = None) -> str:
        """The file as text. What has no value is left out, as consumers of COCO expect it."""
        return self.model_dump_json(indent=indent, exclude_none=True)

    def to_file(self, file_path: Path | str, indent: int | None = 2) -> None:
        Path(file_path).write_text(self.to_json(indent=indent), encoding="utf-8")

    @classmethod
    def from_json(cls, json_str: str) -> Self:
        return cls.model_validate_json(json_str)

    @classmethod
    def from_file(cls, file_path: Path | str) -> Self:
        return cls.from_json(Path(file_path).read_text(encoding="utf-8"))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        return cls.model_validate(data)

    def to_dict(self) -> dict[str, Any]:
        """The file as plain values, with None for what has no value."""
        return self.model_dump()

    def get_annotations_by_image_id(self, image_id: int) -> list[COCOAnnotation]:
        return [annotation for annotation in self.annotations if annotation.image_id == image_id]

    def get_category_by_id(self, category_id: int) -> COCOCategory | None:
        return next((category for category in self.categories if category.id == category_id), None)

    def get_image_by_id(self, image_id: int) -> COCOImage | None:
        return next((image for image in self.images if image.id == image_id), None)


def _unique_ids(kind: str, ids: list[int]) -> set[int]:
    if len(found := set(ids)) < len(ids):
        raise ValueError(f"The ids of {kind} rows must be unique.")
    return found


def _is_safe(file_name: str) -> bool:
    path = PurePosixPath(file_name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in file_name and path.name != ""


def _check_category(category: COCOCategory, role: str) -> None:
    if role != "person_keypoints":
        if category.keypoints is not None:
            raise ValueError(f"The category {category.name!r} has keypoints, which {role} do not take.")
        return
    edges = [tuple(edge) for edge in category.skeleton or ()]
    if category.name != "person" or tuple(category.keypoints or ()) != PERSON_17.points or edges != _EDGES:
        raise ValueError("The one category of person_keypoints is 'person', with the 17 joints of COCO.")


def _check_annotation(annotation: COCOAnnotation, role: str, size: list[int]) -> None:
    where = f"Annotation {annotation.id}"
    if annotation.area <= 0 or annotation.iscrowd != 0:
        raise ValueError(f"{where} needs a positive area, and iscrowd 0.")
    if role == "person_keypoints":
        if len(annotation.keypoints or ()) != 3 * len(PERSON_17.points) or annotation.segmentation is not None:
            raise ValueError(f"{where} needs 17 keypoints and no segmentation.")
        return
    if annotation.keypoints is not None:
        raise ValueError(f"{where} has keypoints, which {role} do not take.")
    is_mask = isinstance(annotation.segmentation, dict)
    if role == "stuff" and not is_mask:
        raise ValueError(f"{where} needs a mask as run lengths.")
    if isinstance(annotation.segmentation, dict) and annotation.segmentation["size"] != size:
        raise ValueError(f"{where} has a mask of another size than its image.")
