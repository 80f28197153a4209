"""Run by globox's own Python: ``run_globox.py DATA OUT WORK``. Its table of boxes is that of Open Images."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

# Imported by name: the environment in which types are checked has no globox.
AnnotationSet: Any = importlib.import_module("globox").AnnotationSet


def main() -> None:
    data, out, work = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    source = AnnotationSet.from_coco(data / "annotations" / "instances_train.json")
    if work == "voc":
        source.save_pascal_voc(out)
        return
    if work == "csv":
        source.save_openimage(out / "boxes.csv")
        return
    labels = sorted({box.label for picture in source for box in picture.boxes})
    numbers = {label: number for number, label in enumerate(labels)}
    if work == "yolo":
        source.save_yolo_v5(out, label_to_id=numbers)
    else:
        source.save_coco(out / "instances.json", label_to_id=numbers, auto_ids=True)


main()
