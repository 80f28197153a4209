"""From Pascal VOC to payloads: its boxes."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from exportkit.compat.synapse_sdk.utils.annotation_models.pascal import PascalAnnotation
from exportkit.compat.synapse_sdk.utils.converters.base import DatasetFormat, ToDMConverter

__all__ = ["PascalToDMConverter"]


class PascalToDMConverter(ToDMConverter):
    """Converts ``Annotations/*.xml`` and the pictures beside them, of a folder or of each split.

    A file that cannot be read, or whose picture is missing, is left out and stands in ``skipped``.
    """

    source_format = DatasetFormat.PASCAL

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.skipped: list[Path] = []

    def _convert_split(self, split_dir: Path) -> dict[str, tuple[dict[str, Any], Path]]:
        files = _folder(split_dir, ("Annotations", "annotations"))
        images = _folder(split_dir, ("Images", "images", "JPEGImages"))
        result: dict[str, tuple[dict[str, Any], Path]] = {}
        for path in sorted(files.glob("*.xml")):
            try:
                annotation = PascalAnnotation.from_file(path)
            except ValueError:
                self.skipped.append(path)
                continue
            named = images / Path(annotation.filename).name
            picture = named if named.is_file() else self.find_image_for_label(named.stem, images)
            if picture is None:
                self.skipped.append(path)
                continue
            result[picture.name] = self._payload(annotation), picture
        return result

    def convert_single_file(self, data: str | PascalAnnotation, original_file: IO[Any], **_: Any) -> dict[str, Any]:
        """The payload of one file, given as its text or as a model."""
        picture = self._single_picture(original_file)
        annotation = PascalAnnotation.from_xml(data) if isinstance(data, str) else data
        return {"dm_json": self._payload(annotation), "image_path": original_file.name, "image_name": picture.name}

    def _payload(self, annotation: PascalAnnotation) -> dict[str, Any]:
        tools = ("bounding_box", "polygon", "keypoint", "relation", "group")
        medium: dict[str, list[dict[str, Any]]] = {tool: [] for tool in tools}
        for found in annotation.objects:
            box = found.bndbox
            medium["bounding_box"].append(
                {
                    "id": self._generate_unique_id(),
                    "classification": found.name,
                    "attrs": [],
                    "data": [box.xmin, box.ymin, box.xmax - box.xmin, box.ymax - box.ymin],
                }
            )
        return self._in_schema({"images": [medium]})


def _folder(split_dir: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (split_dir / name).is_dir():
            return split_dir / name
    raise FileNotFoundError(f"The folder {split_dir} has none of {', '.join(names)}.")
