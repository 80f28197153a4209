"""From payloads to Pascal VOC: boxes as objects, polygons and masks as planes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from exportkit.compat.synapse_sdk.utils.annotation_models.pascal import (
    PascalAnnotation,
    PascalBndBox,
    PascalObject,
    PascalSize,
)
from exportkit.compat.synapse_sdk.utils.converters.base import DatasetFormat, FromDMConverter, Sample
from exportkit.compat.synapse_sdk.utils.converters.dm.contract import ExportContractError, validate_export_contract
from exportkit.compat.synapse_sdk.utils.converters.dm.types import normalize_export_identifier
from exportkit.compat.synapse_sdk.utils.converters.geometry import has_rotation
from exportkit.compat.synapse_sdk.utils.converters.pascal.picture import Picture
from exportkit.compat.synapse_sdk.utils.converters.pascal.planes import (
    VOC_MAX_INDEX,
    decode_dm_mask,
    rasterize_polygon,
    save_plane,
    voc_palette,
)
from exportkit.compat.synapse_sdk.utils.converters.pascal.v2_result import (
    TOOLS,
    check_class_map,
    images_with_ids,
    rows_of,
    unsupported_audit,
    validated_parts,
)

__all__ = [
    "VOC_MAX_INDEX",
    "FromDMToPascalConverter",
    "collect_pascal_class_names",
    "decode_dm_mask",
    "rasterize_polygon",
    "voc_palette",
]

#: ``(file, name of the XML file, picture, name of the picture)``
Entry = tuple[PascalAnnotation, str, Path, str]


def collect_pascal_class_names(v2_result: Mapping[str, Any], export_contract: Mapping[str, Any]) -> set[str]:
    """The classes that a payload writes; all it has where the size of a picture is not told."""
    mode = validate_export_contract(export_contract)["segmentation_mode"]
    data, meta = validated_parts(v2_result)
    classes: set[str] = set()
    for image, media_id in images_with_ids(data, meta):
        extra = (meta.get("extra") or {}).get(media_id) or {}
        width, height = extra.get("width"), extra.get("height")
        if type(width) is int and type(height) is int and width > 0 and height > 0:
            picture = Picture("", width, height, None, mode)
            picture.convert(image)
            classes.update(picture.class_names())
        else:
            classes.update(_candidates(image, mode))
    return classes


class FromDMToPascalConverter(FromDMConverter):
    """Converts single payloads (:meth:`convert_single_file`), or a folder of them. Edges count from 0 on."""

    target_format = DatasetFormat.PASCAL

    def _begin(self) -> None:
        super()._begin()
        self.class_names: set[str] = set()
        self._planes: dict[Path, tuple[Any, Any]] = {}

    def convert_single_file(  # type: ignore[override]
        self,
        *,
        v2_result: Mapping[str, Any],
        export_contract: Mapping[str, Any],
        original_file: IO[Any] | None,
        dimensions: tuple[int, int] | None,
        file_name: str,
        class_to_index: Mapping[str, int],
        item_id: str,
    ) -> dict[str, Any] | None:
        """Convert a payload in both its parts; None where the picture cannot be read.

        ``class_to_index`` numbers the classes of the run from 1 to 254. Raises ExportContractError.
        """
        self._check_single()
        mode = validate_export_contract(export_contract)["segmentation_mode"]
        data, meta = validated_parts(v2_result)
        check_class_map(class_to_index)
        if not isinstance(item_id, str) or not item_id:
            raise ExportContractError("INVALID_V2_CONVERSION_RESULT", "item_id must be a text.")
        if not isinstance(file_name, str) or not file_name or Path(file_name).name != file_name:
            raise ExportContractError("INVALID_OUTPUT_FILENAME", "file_name must be a name without a folder.")
        size = self.safe_image_size(original_file, dimensions=dimensions)
        if size is None:
            return None
        images = data.get("images", [])
        if len(images) > 1:
            raise ExportContractError("INVALID_V2_CONVERSION_RESULT", "A payload must have one picture at most.")
        picture = Picture(item_id, size[0], size[1], class_to_index, mode)
        picture.convert(images[0] if images else {})
        picture.audit += unsupported_audit(meta, item_id)
        return self._result(picture, size, file_name)

    def build_pascal_annotation(
        self,
        img_filename: str,
        img_size: tuple[int, int, int],
        objects: list[dict[str, Any]],
        has_segmentation: bool = False,
    ) -> PascalAnnotation:
        """The file of a picture; ``objects`` have ``name``, ``xmin``, ``ymin``, ``xmax`` and ``ymax``."""
        width, height, depth = img_size
        return PascalAnnotation(
            folder="JPEGImages",
            filename=img_filename,
            path=f"JPEGImages/{img_filename}",
            size=PascalSize(width=width, height=height, depth=depth),
            segmented=int(has_segmentation),
            objects=[PascalObject(name=found["name"], bndbox=PascalBndBox.model_validate(found)) for found in objects],
        )

    def convert(self) -> list[Entry] | dict[str, list[Entry]]:
        """A row for each picture, or such a list for each split; masks become instances.

        A row is the file, its name, the picture and its name. The classes of all rows stand in ``class_names``.
        """
        samples = {split: list(self._samples(path)) for split, path in self._splits().items()}
        everything = [sample for of_split in samples.values() for sample in of_split]
        self.class_names = {name for sample in everything for name in _candidates(sample.image, "instance")}
        numbers = {name: number for number, name in enumerate(sorted(self.class_names), 1)}
        check_class_map(numbers)
        converted = {
            split: [self._entry(sample, numbers) for sample in of_split] for split, of_split in samples.items()
        }
        return self._kept(converted)

    def save_to_folder(self, output_dir: str | Path | None = None) -> None:
        """Write ``Annotations``, ``JPEGImages`` and, where there are masks or polygons, the folders of planes."""
        output = Path(output_dir) if output_dir else self._root()
        super().save_to_folder(output)
        for split, entries in self._kept_splits().items():
            files = self.ensure_dir(output / split / "Annotations")
            images = self.ensure_dir(output / split / "JPEGImages")
            for annotation, xml_name, source, name in entries:
                (files / xml_name).write_text(_document(annotation), encoding="utf-8")
                if source.resolve() != (images / name).resolve():
                    shutil.copy(source, images / name)
                folders = ("SegmentationClass", "SegmentationObject")
                for folder, plane in zip(folders, self._planes[source], strict=True):
                    if plane is not None:
                        place = self.ensure_dir(output / split / folder) / Path(xml_name).with_suffix(".png").name
                        save_plane(plane, place)

    def _entry(self, sample: Sample, numbers: Mapping[str, int]) -> Entry:
        size = self.safe_image_size(sample.image_path)
        if size is None:
            raise ValueError(f"{sample.image_path} is no picture.")
        picture = Picture(sample.stem, size[0], size[1], numbers, "instance")
        picture.convert(sample.image)
        result = self._result(picture, size, sample.image_path.name)
        self._planes[sample.image_path] = result["class_plane"], result["object_plane"]
        return result["pascal_annotation"], f"{sample.stem}.xml", sample.image_path, sample.image_path.name

    def _result(self, picture: Picture, size: tuple[int, int, int], file_name: str) -> dict[str, Any]:
        class_plane, object_plane = picture.planes(file_name)
        annotation = self.build_pascal_annotation(file_name, size, picture.objects, class_plane is not None)
        self.class_names.update(picture.class_names())
        written = len(picture.objects) + len(picture.semantic) + len(picture.instances)
        return {
            "pascal_annotation": annotation,
            "xml_content": _document(annotation),
            "xml_filename": f"{Path(file_name).stem}.xml",
            "image_filename": file_name,
            "class_names": picture.class_names(),
            "xml_classes": sorted({found["name"] for found in picture.objects}),
            "class_plane": class_plane,
            "object_plane": object_plane,
            "palette": voc_palette(),
            "has_class_segmentation": class_plane is not None,
            "instance_count": len(picture.instances),
            "written_records": written,
            "audit": sorted(
                picture.audit, key=lambda row: (row["annotation_id"], row["source_type"], row["reason_code"])
            ),
            "failures": sorted(
                picture.failures, key=lambda row: (row["annotation_id"] or "", row["reason_code"], row["message"])
            ),
        }


def _document(annotation: PascalAnnotation) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{annotation.to_xml()}'


def _candidates(image: Mapping[str, Any], segmentation_mode: str) -> Iterable[str]:
    """Every class that could be written, whatever the geometry turns out to be."""
    for tool in sorted(TOOLS - ({"segmentation"} if segmentation_mode == "exclude" else set())):
        for row in rows_of(image, tool):
            if isinstance(row, Mapping) and not (tool == "bounding_box" and has_rotation(row)):
                try:
                    yield normalize_export_identifier(row.get("classification"))
                except ValueError:
                    continue
