"""Run by labelformat's own Python: ``run_labelformat.py DATA OUT WORK``. It has no table of boxes."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any


def named(module: str, name: str) -> Any:
    """Imported by name: the environment in which types are checked has no labelformat."""
    return getattr(importlib.import_module(f"labelformat.formats.{module}"), name)


def main() -> None:
    data, out, work = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    source = named("coco", "COCOObjectDetectionInput")(data / "annotations" / "instances_train.json")
    if work == "yolo":
        target = named("yolov8", "YOLOv8ObjectDetectionOutput")(output_file=out / "data.yaml", output_split="train")
    elif work == "voc":
        target = named("pascalvoc", "PascalVOCObjectDetectionOutput")(output_folder=out)
    else:
        target = named("coco", "COCOObjectDetectionOutput")(output_file=out / "instances.json")
    target.save(source)


main()
