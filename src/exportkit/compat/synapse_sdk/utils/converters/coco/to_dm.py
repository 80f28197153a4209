"""From COCO to payloads: boxes, and key points with the groups that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from exportkit.compat.synapse_sdk.utils.annotation_models.coco import COCOAnnotation, COCOCategory, COCODataset
from exportkit.compat.synapse_sdk.utils.converters.base import DatasetFormat, ToDMConverter

__all__ = ["COCOToDMConverter"]


class COCOToDMConverter(ToDMConverter):
    """Converts a folder with ``annotations.json``, or one such folder for each split."""

    source_format = DatasetFormat.COCO

    def _convert_split(self, split_dir: Path) -> dict[str, tuple[dict[str, Any], Path]]:
        path = split_dir / "annotations.json"
        if not path.exists():
            raise FileNotFoundError(f"There is no annotations.json in {split_dir}.")
        dataset = COCODataset.from_file(path)
        return {
            image.file_name: (self._payload(dataset, image.id), split_dir / image.file_name) for image in dataset.images
        }

    def convert_single_file(
        self, data: COCODataset | Mapping[str, Any], original_file: IO[Any], original_image_name: str = "", **_: Any
    ) -> dict[str, Any]:
        """The payload of the one picture called ``original_image_name``. Raises ValueError where it is not there."""
        picture = self._single_picture(original_file)
        dataset = data if isinstance(data, COCODataset) else COCODataset.model_validate(data)
        images = [image for image in dataset.images if Path(image.file_name).name == original_image_name]
        if not images:
            raise ValueError(f"No image of the COCO file is called {original_image_name!r}.")
        payload = self._payload(dataset, images[0].id)
        return {"dm_json": payload, "image_path": original_file.name, "image_name": picture.name}

    def _payload(self, dataset: COCODataset, image_id: int) -> dict[str, Any]:
        medium: dict[str, list[dict[str, Any]]] = {"bounding_box": [], "keypoint": [], "relation": [], "group": []}
        annotations = dataset.get_annotations_by_image_id(image_id)
        categories = {category.id: category for category in dataset.categories}
        for annotation in annotations:
            medium["bounding_box"].append(
                self._annotation(categories[annotation.category_id].name, list(annotation.bbox))
            )
        boxes = [box["id"] for box in medium["bounding_box"]]
        for annotation in annotations:
            if annotation.keypoints:
                points = self._keypoints(annotation, categories[annotation.category_id])
                medium["keypoint"] += points
                members = [*boxes, *(point["id"] for point in points)]
                medium["group"].append(self._annotation(categories[annotation.category_id].name, members))
        return self._in_schema({"images": [medium]})

    def _keypoints(self, annotation: COCOAnnotation, category: COCOCategory) -> list[dict[str, Any]]:
        values = annotation.keypoints or []
        points = list(zip(values[0::3], values[1::3], strict=True))
        names = category.keypoints or [f"keypoint_{place}" for place in range(len(points))]
        return [self._annotation(name, [x, y]) for name, (x, y) in zip(names, points, strict=False)]

    def _annotation(self, name: str, data: list[Any]) -> dict[str, Any]:
        return {"id": self._generate_unique_id(), "classification": name, "attrs": [], "data": data}
