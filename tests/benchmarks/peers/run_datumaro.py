"""Run by datumaro's own Python: ``run_datumaro.py DATA OUT WORK``. It has no table of boxes.

It takes a folder of COCO with a place for pictures, which need not be there.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

# Imported by name: the environment in which types are checked has no datumaro.
datumaro: Any = importlib.import_module("datumaro")

FORMATS = {"yolo": "yolo", "voc": "voc_detection", "coco": "coco_instances"}


def main() -> None:
    data, out, work = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "images" / "train").mkdir(parents=True)
        (Path(folder) / "annotations").symlink_to((data / "annotations").resolve())
        dataset = datumaro.Dataset.import_from(folder, "coco_instances")
        dataset.export(f"{out}/dataset", FORMATS[work], save_media=False)


main()
