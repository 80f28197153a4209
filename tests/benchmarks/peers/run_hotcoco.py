"""Run by the Python that has hotcoco: ``run_hotcoco.py DATA OUT WORK``. Its inner parts are written in Rust.

Its table of boxes is that of Open Images; it makes no COCO of COCO.
"""

from __future__ import annotations

import importlib.metadata
import sys

FORMATS = {"yolo": ("yolo", ""), "voc": ("voc", ""), "csv": ("oid", "/boxes.csv")}


def main() -> None:
    data, out, work = sys.argv[1:4]
    target, file = FORMATS[work]
    source = f"{data}/annotations/instances_train.json"
    sys.argv = ["coco", "convert", "--from", "coco", "--to", target, "--input", source, "--output", out + file]
    # The program's own file names the Python of a folder that has been renamed since.
    (program,) = importlib.metadata.entry_points(group="console_scripts", name="coco")
    program.load()()


main()
