"""Run by the Python that has supervision: ``run_supervision.py DATA OUT WORK``. It has no table of boxes.

It opens every picture, and paints a mask of picture size for each object with an outline. So it is given boxes alone,
which flatters it: with the outlines it takes minutes where it takes seconds without.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

# Imported by name: the environment in which types are checked has no supervision.
DetectionDataset: Any = importlib.import_module("supervision").DetectionDataset


def main() -> None:
    data, out, work = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    source = DetectionDataset.from_coco(str(data / "images"), str(data / "boxes" / "instances_train.json"))
    if work == "yolo":
        source.as_yolo(annotations_directory_path=str(out / "labels"), data_yaml_path=str(out / "data.yaml"))
    elif work == "voc":
        source.as_pascal_voc(annotations_directory_path=str(out))
    else:
        source.as_coco(annotations_path=str(out / "instances.json"))


main()
