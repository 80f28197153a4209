"""Run by pylabel's own Python: ``run_pylabel.py DATA OUT WORK``. Its table is that of its data frame."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

# Imported by name: the environment in which types are checked has no pylabel.
importer: Any = importlib.import_module("pylabel.importer")


def main() -> None:
    data, out, work = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    source = importer.ImportCoco(f"{data}/annotations/instances_train.json", path_to_images="../images")
    if work == "yolo":
        source.path_to_annotations = str(out)
        source.export.ExportToYoloV5(output_path=str(out / "labels"), yaml_file="dataset.yaml", copy_images=False)
    elif work == "voc":
        source.export.ExportToVoc(output_path=str(out))
    elif work == "coco":
        source.export.ExportToCoco(output_path=str(out / "instances.json"))
    else:
        source.df.to_csv(out / "boxes.csv")


main()
