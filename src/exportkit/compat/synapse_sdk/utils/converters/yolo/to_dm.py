"""From YOLO to payloads: boxes, outlines and key points, told apart by the numbers of their lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from exportkit.compat.synapse_sdk.utils.annotation_models.dm import DMVersion
from exportkit.compat.synapse_sdk.utils.converters.base import DatasetFormat, ToDMConverter
from exportkit.storage.yaml_file import read_yaml

__all__ = ["YOLOToDMConverter"]


class YOLOToDMConverter(ToDMConverter):
    """Converts ``labels/`` and ``images/`` of a folder or of each split.

    Without ``class_names`` they come from ``dataset.yaml``, else from ``classes.txt``. Raises FileNotFoundError where
    a folder has neither.
    """

    source_format = DatasetFormat.YOLO

    def __init__(
        self,
        root_dir: str | Path | None = None,
        is_categorized: bool = False,
        is_single_conversion: bool = False,
        dm_version: DMVersion | None = None,
        class_names: list[str] | None = None,
    ) -> None:
        super().__init__(root_dir, is_categorized, is_single_conversion, dm_version)
        self.class_names = class_names or ([] if is_single_conversion else self._listed_classes())

    def convert_single_file(
        self, data: Sequence[str], original_file: IO[Any], class_names: list[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """The payload of the lines of a label file. Raises ValueError without class names."""
        picture = self._single_picture(original_file)
        self.class_names = class_names or self.class_names
        if not self.class_names:
            raise ValueError("The lines of a label file need class_names.")
        payload = self._payload(data, *self.get_image_size(picture))
        return {"dm_json": payload, "image_path": original_file.name, "image_name": picture.name}

    def _listed_classes(self) -> list[str]:
        root = self._root()
        if (path := root / "dataset.yaml").exists():
            names = (read_yaml(path, "The dataset file").value or {}).get("names", [])
            return [str(name) for name in (names.values() if isinstance(names, dict) else names)]
        if (path := root / "classes.txt").exists():
            return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        raise FileNotFoundError(f"There is neither dataset.yaml nor classes.txt in {root}; give class_names.")

    def _convert_split(self, split_dir: Path) -> dict[str, tuple[dict[str, Any], Path]]:
        images = next((split_dir / name for name in ("images", "img", "imgs") if (split_dir / name).is_dir()), None)
        if images is None or not (split_dir / "labels").is_dir():
            raise FileNotFoundError(f"The folder {split_dir} needs 'images' and 'labels'.")
        result: dict[str, tuple[dict[str, Any], Path]] = {}
        for label in sorted((split_dir / "labels").glob("*.txt")):
            picture = self.find_image_for_label(label.stem, images)
            if picture is not None:
                lines = label.read_text(encoding="utf-8").splitlines()
                result[picture.name] = self._payload(lines, *self.get_image_size(picture)), picture
        return result

    def _payload(self, lines: Sequence[str], width: int, height: int) -> dict[str, Any]:
        rows = [row for line in lines if line.strip() and (row := self._row(line, width, height)) is not None]
        return self._second_schema(rows) if self.dm_version == DMVersion.V2 else self._first_schema(rows)

    def _second_schema(self, rows: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
        tools = ("bounding_box", "polygon", "keypoint", "polyline", "relation", "group")
        medium: dict[str, list[dict[str, Any]]] = {tool: [] for tool in tools}
        for tool, row in rows:
            values = {**row}
            head = {"id": self._generate_unique_id(), "classification": values.pop("classification"), "attrs": []}
            medium[tool].append({**head, **values})
        return {"classification": {"bounding_box": self.class_names}, "images": [medium]}

    def _first_schema(self, rows: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
        annotations = []
        for tool, row in rows:
            values = {**row}
            head = {
                "id": self._generate_unique_id(),
                "tool": "boundingBox" if tool == "bounding_box" else tool,
                "isLocked": False,
                "isVisible": True,
                "classification": {"class": values.pop("classification")},
            }
            annotations.append({**head, **values})
        return {"annotations": {"image": annotations}}

    def _row(self, line: str, width: int, height: int) -> tuple[str, dict[str, Any]] | None:
        """The tool and the values of a line; None for one with too few numbers."""
        number, *values = line.split()
        fractions = [float(value) for value in values]
        known = int(number) < len(self.class_names)
        name = {"classification": self.class_names[int(number)] if known else f"class_{number}"}
        if len(fractions) > 4 and len(fractions) % 2 == 0:
            points = zip(fractions[0::2], fractions[1::2], strict=True)
            return "polygon", {**name, "data": [[x * width, y * height] for x, y in points]}
        if len(fractions) < 4 or (len(fractions) - 4) % 3:
            return None
        cx, cy, w, h = fractions[:4]
        box = [(cx - w / 2) * width, (cy - h / 2) * height, w * width, h * height]
        if len(fractions) == 4:
            return "bounding_box", {**name, "data": box}
        joints = zip(fractions[4::3], fractions[5::3], fractions[6::3], strict=True)
        data = [[x * width, y * height, int(seen)] for x, y, seen in joints]
        return "keypoint", {**name, "data": data, "bounding_box": box}
