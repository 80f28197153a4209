"""From payloads to YOLO: boxes, outlines and persons, each task with labels of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from exportkit.compat.synapse_sdk.utils.annotation_models.dm import DMVersion
from exportkit.compat.synapse_sdk.utils.converters.base import DatasetFormat, FromDMConverter
from exportkit.compat.synapse_sdk.utils.converters.dm.contract import (
    COCO_PERSON_17_FLIP_IDX,
    ExportContract,
    build_export_contract,
    validate_export_contract,
)
from exportkit.compat.synapse_sdk.utils.converters.yolo.picture import Picture
from exportkit.compat.synapse_sdk.utils.converters.yolo.records import (
    TASKS,
    DetectRecord,
    PoseRecord,
    SegmentRecord,
    TaskMetrics,
    YOLOConversionResult,
    task_lines,
)

__all__ = [
    "DetectRecord",
    "FromDMToYOLOConverter",
    "PoseRecord",
    "SegmentRecord",
    "TaskMetrics",
    "YOLOConversionResult",
]


class FromDMToYOLOConverter(FromDMConverter):
    """Converts single payloads (:meth:`convert_annotations`), or a folder of them.

    Numbers of classes are chosen by the caller, when it knows the classes of the whole run. Without a contract,
    masks become outlines.
    """

    target_format = DatasetFormat.YOLO

    def __init__(
        self,
        root_dir: str | Path | None = None,
        is_categorized: bool = False,
        is_single_conversion: bool = False,
        dm_version: DMVersion | None = None,
        *,
        export_contract: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(root_dir, is_categorized, is_single_conversion, dm_version)
        contract = build_export_contract("instance") if export_contract is None else export_contract
        self._contract = validate_export_contract(contract)

    @property
    def contract(self) -> ExportContract:
        """The contract of the run."""
        return self._contract

    def convert_annotations(
        self, image_annotations: Mapping[str, Any], width: int, height: int, *, item_id: str
    ) -> YOLOConversionResult:
        """Convert the annotations of a picture of ``width`` × ``height`` pixels, given by tool.

        Raises ValueError for a picture without a size.
        """
        return Picture(item_id, width, height, self.contract["segmentation_mode"]).convert(image_annotations)

    def convert_single_file(
        self,
        data: Mapping[str, Any],
        original_file: IO[Any],
        *,
        item_id: str = "",
        dimensions: tuple[int, int] | None = None,
        **_: Any,
    ) -> YOLOConversionResult:
        """Convert the first picture of a payload; ``original_file`` is read for its size unless that is given."""
        self._check_single()
        size = self.safe_image_size(original_file, dimensions=dimensions)
        if size is None:
            raise ValueError("SOURCE_IMAGE_INVALID: the picture cannot be read.")
        images = data.get("images")
        annotations = images[0] if isinstance(images, list) and images else {}
        return self.convert_annotations(annotations, size[0], size[1], item_id=item_id)

    @classmethod
    def serialize_detect(cls, records: Sequence[DetectRecord], class_map: Mapping[str, int]) -> list[str]:
        return task_lines(records, class_map)

    @classmethod
    def serialize_segment(cls, records: Sequence[SegmentRecord], class_map: Mapping[str, int]) -> list[str]:
        return task_lines(records, class_map)

    @classmethod
    def serialize_pose(cls, records: Sequence[PoseRecord], class_map: Mapping[str, int]) -> list[str]:
        return task_lines(records, class_map)

    @classmethod
    def serialize_task(cls, task: str, result: YOLOConversionResult, class_map: Mapping[str, int]) -> list[str]:
        """The lines of a label file of a task, ``detect``, ``segment`` or ``pose``."""
        if task not in TASKS:
            raise ValueError(f"{task!r} is no task of YOLO here; it is one of {', '.join(TASKS)}.")
        return task_lines(getattr(result, task), class_map)

    def convert(self) -> list[dict[str, Any]] | dict[str, list[dict[str, Any]]]:
        """A row for each picture (``image_path``, ``label_name``, ``result``), or such a list for each split."""
        converted = {split: self._convert_split(path) for split, path in self._splits().items()}
        return self._kept(converted)

    @staticmethod
    def dataset_yaml(task: str, class_names: Sequence[str], *, train: str = "images", val: str = "images") -> str:
        """The dataset file of a task; ``train`` and ``val`` are relative to it."""
        names = json.dumps(list(class_names), ensure_ascii=False)
        text = f"train: {train}\nval: {val}\nnc: {len(class_names)}\nnames: {names}\n"
        if task == "pose":
            text += f"kpt_shape: [17, 3]\nflip_idx: {list(COCO_PERSON_17_FLIP_IDX)}\n"
        return text

    def save_to_folder(self, output_dir: str | Path | None = None) -> None:
        """Write ``dataset.yaml``, pictures and labels of each task into a folder of its own.

        With splits, the pictures and labels of each lie in a folder of that name below.
        """
        output = Path(output_dir) if output_dir else self._root()
        super().save_to_folder(output)
        splits = self._kept_splits()
        for task in TASKS:
            rows = [row for of_split in splits.values() for row in of_split]
            names = sorted({name for row in rows for name in row["result"].class_names[task]})
            numbers = {name: number for number, name in enumerate(names)}
            for split, of_split in splits.items():
                self._save_split(self.ensure_dir(output / task / split), task, of_split, numbers)
            places = {"train": "train/images", "val": "valid/images"} if self.is_categorized else {}
            text = self.dataset_yaml(task, names, **places)
            (output / task / "dataset.yaml").write_text(text, encoding="utf-8")

    def get_config_path(self, output_dir: str | Path) -> None:
        """None: each task has a dataset file of its own."""

    def _save_split(self, folder: Path, task: str, rows: list[dict[str, Any]], numbers: Mapping[str, int]) -> None:
        images = self.ensure_dir(folder / "images")
        labels = self.ensure_dir(folder / "labels")
        for row in rows:
            shutil.copyfile(row["image_path"], images / row["image_path"].name)
            lines = self.serialize_task(task, row["result"], numbers)
            (labels / row["label_name"]).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _convert_split(self, folder: Path) -> list[dict[str, Any]]:
        rows = []
        for sample in self._samples(folder):
            width, height = self.get_image_size(sample.image_path)
            result = self.convert_annotations(sample.image, width, height, item_id=sample.stem)
            rows.append({"image_path": sample.image_path, "label_name": f"{sample.stem}.txt", "result": result})
        return rows
