"""Run by the Python that has Ultralytics: ``run_ultralytics.py DATA OUT WORK``. It makes YOLO labels."""

from __future__ import annotations

import importlib
import sys
from typing import Any

# Imported by name: the environment in which types are checked has no Ultralytics.
convert_coco: Any = importlib.import_module("ultralytics.data.converter").convert_coco


def main() -> None:
    data, out = sys.argv[1:3]
    convert_coco(labels_dir=f"{data}/annotations", save_dir=f"{out}/dataset", cls91to80=True)


main()
