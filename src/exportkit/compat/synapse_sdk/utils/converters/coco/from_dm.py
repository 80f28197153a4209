"""From payloads to COCO: instances, persons with key points, and stuff, each a file of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from exportkit.compat.synapse_sdk.utils.annotation_models.coco import (
    COCOAnnotation,
    COCOCategory,
    COCODataset,
    COCOImage,
    COCOInfo,
    COCOLicense,
)
from exportkit.compat.synapse_sdk.utils.annotation_models.dm import DMVersion
from exportkit.compat.synapse_sdk.utils.converters.base import DatasetFormat, FromDMConverter
from exportkit.compat.synapse_sdk.utils.converters.coco.account import COCO_ROLES, Account
from exportkit.compat.synapse_sdk.utils.converters.coco.merging import merged_datasets
from exportkit.compat.synapse_sdk.utils.converters.coco.pose import convert_poses
from exportkit.compat.synapse_sdk.utils.converters.coco.run_lengths import (
    CocoGeometryError,
    decode_coco_rle,
    encode_coco_rle,
    mask_geometry,
    polygon_geometry,
)
from exportkit.compat.synapse_sdk.utils.converters.dm.contract import (
    COCO_PERSON_17_SKELETON,
    build_export_contract,
    validate_export_contract,
)
from exportkit.compat.synapse_sdk.utils.converters.dm.tools.segmentation import MaskEncodingError
from exportkit.compat.synapse_sdk.utils.converters.dm.types import normalize_export_identifier
from exportkit.compat.synapse_sdk.utils.converters.geometry import by_id, finite_numbers, has_rotation
from exportkit.records import PERSON_17

__all__ = [
    "COCO_ROLES",
    "CocoConversionResult",
    "CocoGeometryError",
    "FromDMToCOCOConverter",
    "decode_coco_rle",
    "encode_coco_rle",
    "mask_geometry",
    "polygon_geometry",
]

_TOOLS = {"bounding_box", "polygon", "segmentation", "keypoint"}


@dataclass(slots=True)
class CocoConversionResult:
    """One picture: a file of each role, with ids of its own, and the account of its annotations."""

    datasets: dict[str, COCODataset]
    audit: list[dict[str, Any]]
    failures: list[dict[str, Any]]
    metrics: dict[str, dict[str, int]]


class FromDMToCOCOConverter(FromDMConverter):
    """Converts single payloads (:meth:`convert_item`), or a folder of them.

    Without a ``contract``, masks become instances.
    """

    target_format = DatasetFormat.COCO

    def __init__(
        self,
        contract: Mapping[str, object] | None = None,
        root_dir: str | Path | None = None,
        is_categorized: bool = False,
        is_single_conversion: bool = False,
        dm_version: DMVersion | None = None,
    ) -> None:
        super().__init__(root_dir, is_categorized, is_single_conversion or root_dir is None, dm_version)
        self.contract = validate_export_contract(build_export_contract("instance") if contract is None else contract)
        self.info = COCOInfo(description="Converted from DM format", version="1.0")
        self.licenses = [COCOLicense(id=1, name="Unknown", url="")]
        #: The pictures of each split, in the order of their rows.
        self._pictures: dict[str, list[Path]] = {}

    def convert_item(
        self,
        data: Mapping[str, Any],
        *,
        annotation_meta: Mapping[str, Any] | None,
        item_id: str,
        file_name: str,
        width: int,
        height: int,
    ) -> CocoConversionResult:
        """Convert the first picture of a payload of the second schema; ``width`` and ``height`` are in pixels.

        Annotations that cannot be written are audited or fail one by one. Raises ValueError for a picture without a
        size, or a file name that leaves the dataset.
        """
        if any(type(side) is not int or side <= 0 for side in (width, height)):
            raise CocoGeometryError("The width and the height of a picture must be positive integers.")
        image = COCOImage(id=1, file_name=file_name, width=width, height=height, license=1)
        images = data.get("images")
        annotations = images[0] if isinstance(images, list) and images and isinstance(images[0], Mapping) else {}
        account = Account(item_id)
        for annotation in by_id(annotations.get("bounding_box", [])):
            self._shape(annotation, "instances", account, _box_fields)
        for annotation in by_id(annotations.get("polygon", [])):
            self._shape(annotation, "instances", account, _polygon_fields)
        for annotation in by_id(annotations.get("segmentation", [])):
            self._mask(annotation, account, width, height)
        convert_poses(annotations.get("keypoint", []), account)
        for tool in sorted(annotations.keys() - _TOOLS):
            rows = annotations[tool] or []
            for row in rows if isinstance(rows, list) else [rows]:
                source_id = row.get("id") if isinstance(row, Mapping) else None
                account.skip(source_id, tool, "UNSUPPORTED_ANNOTATION_TYPE", "instances")
        datasets = {role: self._dataset(role, image, account) for role in COCO_ROLES}
        return CocoConversionResult(datasets, account.audit, account.failures, account.metrics)

    def convert_single_file(self, data: Any, original_file: IO[Any], **kwargs: Any) -> CocoConversionResult:
        """Convert one payload whose picture is read for its size; see :meth:`convert_item` for the other arguments."""
        self._check_single()
        size = self.safe_image_size(original_file, dimensions=kwargs.pop("dimensions", None))
        if size is None:
            raise ValueError("SOURCE_IMAGE_INVALID: the picture cannot be read.")
        return self.convert_item(data, width=size[0], height=size[1], **{"annotation_meta": None, **kwargs})

    def convert(self) -> dict[str, Any]:
        """``{role: dataset}`` of the folder, or one such mapping for each split."""
        self._pictures = {}
        converted = {split: self._convert_split(split, path) for split, path in self._splits().items()}
        return self._kept(converted)

    def save_to_folder(self, output_dir: str | Path) -> None:
        """Write ``images/`` and a JSON file for each role, into a folder for each split if there are any."""
        super().save_to_folder(output_dir)
        for split, datasets in self._kept_splits().items():
            images = self.ensure_dir(Path(output_dir) / split / "images")
            for source in self._pictures[split]:
                shutil.copyfile(source, images / source.name)
            for role, dataset in datasets.items():
                dataset.to_file(images.parent / f"{role}.json")

    def _convert_split(self, split: str, folder: Path) -> dict[str, COCODataset]:
        results: list[CocoConversionResult] = []
        pictures = self._pictures.setdefault(split, [])
        for sample in self._samples(folder):
            width, height = self.get_image_size(sample.image_path)
            results.append(
                self.convert_item(
                    sample.payload["annotation_data"],
                    annotation_meta=sample.payload["annotation_meta"],
                    item_id=sample.stem,
                    file_name=f"images/{sample.image_path.name}",
                    width=width,
                    height=height,
                )
            )
            pictures.append(sample.image_path)
        return {role: merged_datasets([result.datasets[role] for result in results]) for role in COCO_ROLES}

    def _mask(self, annotation: Mapping[str, Any], account: Account, width: int, height: int) -> None:
        mode = self.contract["segmentation_mode"]
        if mode == "exclude":
            if (source_id := account.claim(annotation, "instances")) is not None:
                account.skip(source_id, "segmentation", "SEGMENTATION_EXCLUDED", "instances")
            return

        def fields(found: Mapping[str, Any]) -> dict[str, Any]:
            segmentation, bbox, area = mask_geometry(found, width, height)
            return {"bbox": bbox, "segmentation": segmentation, "area": area, "iscrowd": 0}

        self._shape(annotation, "stuff" if mode == "semantic" else "instances", account, fields)

    @staticmethod
    def _shape(
        annotation: Mapping[str, Any],
        role: str,
        account: Account,
        fields: Callable[[Mapping[str, Any]], dict[str, Any]],
    ) -> None:
        if (source_id := account.claim(annotation, role)) is None:
            return
        try:
            converted = fields(annotation)
            name = normalize_export_identifier(annotation.get("classification"))
        except ValueError as error:
            wrong_mask = isinstance(error, MaskEncodingError)
            account.fail(source_id, "INVALID_MASK_ENCODING" if wrong_mask else "INVALID_GEOMETRY", str(error), role)
            return
        account.records[role].append((source_id, name, converted))
        if has_rotation(annotation):
            account.lose(source_id, "bounding_box", "ROTATION_DROPPED", role)

    def _dataset(self, role: str, image: COCOImage, account: Account) -> COCODataset:
        records = sorted(account.records[role], key=lambda record: record[:2])
        categories = _categories(role, [name for _, name, _ in records])
        numbers = {category.name: category.id for category in categories}
        annotations = [
            COCOAnnotation(id=number, image_id=image.id, category_id=numbers[name], **fields)
            for number, (_, name, fields) in enumerate(records, 1)
        ]
        account.metrics[role]["written"] = len(annotations)
        return COCODataset(
            info=self.info.model_copy(deep=True),
            licenses=[known.model_copy(deep=True) for known in self.licenses],
            images=[image.model_copy(deep=True)],
            annotations=annotations,
            categories=categories,
        ).validate_role(role)


def _box_fields(annotation: Mapping[str, Any]) -> dict[str, Any]:
    bbox = finite_numbers(annotation.get("data"), 4, "A box")
    if bbox[2] <= 0 or bbox[3] <= 0:
        raise CocoGeometryError("The width and the height of a box must be positive.")
    return {"bbox": bbox, "segmentation": None, "area": bbox[2] * bbox[3], "iscrowd": 0}


def _polygon_fields(annotation: Mapping[str, Any]) -> dict[str, Any]:
    segmentation, bbox, area = polygon_geometry(annotation.get("data"))
    return {"bbox": bbox, "segmentation": segmentation, "area": area, "iscrowd": 0}


def _categories(role: str, names: Sequence[str]) -> list[COCOCategory]:
    if role == "person_keypoints" and names:
        skeleton = [list(edge) for edge in COCO_PERSON_17_SKELETON]
        points = list(PERSON_17.points)
        return [COCOCategory(id=1, name="person", supercategory="person", keypoints=points, skeleton=skeleton)]
    return [COCOCategory(id=number, name=name, supercategory=name) for number, name in enumerate(sorted(set(names)), 1)]
