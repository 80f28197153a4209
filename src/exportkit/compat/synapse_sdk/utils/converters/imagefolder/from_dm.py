"""From payloads to a folder of pictures for each class."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from exportkit.compat.synapse_sdk.utils.annotation_models.dm import DMVersion
from exportkit.compat.synapse_sdk.utils.converters.base import DatasetFormat, FromDMConverter

__all__ = ["FromDMToImageFolderConverter"]


class FromDMToImageFolderConverter(FromDMConverter):
    """Sorts the pictures of a folder by the first class of each whole picture, as torchvision's ImageFolder reads it.

    Pictures without a class are left out; their payloads stand in ``skipped``.
    """

    target_format = DatasetFormat.IMAGEFOLDER

    @staticmethod
    def get_all_classes(list_of_dirs: Iterable[Path], dm_version: DMVersion = DMVersion.V2) -> list[str]:
        """The classes of all payloads below folders, sorted."""
        found: set[str] = set()
        for folder in list_of_dirs:
            payloads = folder / "json" if (folder / "json").is_dir() else folder
            for path in payloads.glob("*.json"):
                found.update(_classes(json.loads(path.read_text(encoding="utf-8")), dm_version))
        return sorted(found)

    def get_config_path(self, output_dir: str | Path) -> Path | None:
        """The list of classes, if it was written."""
        path = Path(output_dir) / "classes.txt"
        return path if path.exists() else None

    def convert(self) -> list[dict[str, Any]] | dict[str, list[dict[str, Any]]]:
        """A row for each picture (``img_path``, ``img_name``, ``classification``), or such a list for each split."""
        splits = self._splits()
        self.class_names = self.get_all_classes(splits.values(), self.dm_version)
        self.class_map = {name: number for number, name in enumerate(self.class_names)}
        converted = {split: self._convert_split(path) for split, path in splits.items()}
        return self._kept(converted)

    def save_to_folder(self, output_dir: str | Path | None = None) -> None:
        """Write the pictures and ``classes.txt``. Raises ValueError for a class that cannot be a folder."""
        output = Path(output_dir) if output_dir else self._root()
        super().save_to_folder(output)
        for split, rows in self._kept_splits().items():
            for name in self.class_names:
                if name in {"", ".", ".."} or "/" in name or "\\" in name:
                    raise ValueError(f"The class {name!r} cannot be the name of a folder.")
                self.ensure_dir(output / split / name)
            for row in rows:
                shutil.copy(row["img_path"], output / split / row["classification"] / row["img_name"])
        (output / "classes.txt").write_text("".join(f"{name}\n" for name in self.class_names), encoding="utf-8")

    def _convert_split(self, folder: Path) -> list[dict[str, Any]]:
        rows = []
        for path in sorted((folder / "json").glob("*.json")):
            picture = self.find_image_for_label(path.stem, folder / "original_files")
            name = next(_classes(json.loads(path.read_text(encoding="utf-8")), self.dm_version), None)
            if picture is None or name is None:
                self.skipped.append(path)
                continue
            rows.append({"img_path": picture, "img_name": picture.name, "classification": name})
        return rows


def _classes(payload: Mapping[str, Any], version: DMVersion) -> Iterator[str]:
    """The classes of whole pictures; of any annotation where a payload of the first schema has none of those."""
    if version == DMVersion.V2:
        rows = (row for image in payload.get("images", []) for row in image.get("classification", []))
        yield from (row["classification"] for row in rows if row.get("classification"))
        return
    annotations = [row for rows in payload.get("annotations", {}).values() for row in rows]
    of_pictures = [row for row in annotations if row.get("tool") == "classification"]
    for annotation in of_pictures or annotations:
        if name := (annotation.get("classification") or {}).get("class"):
            yield name
