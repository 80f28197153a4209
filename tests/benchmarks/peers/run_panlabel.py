"""Run by the Python that has panlabel: ``run_panlabel.py DATA OUT WORK``. It is a program, written in Rust.

Python replaces itself with the program, so what is measured is the program and a bare start of Python.
"""

import os
import sys
from pathlib import Path

FORMATS = {"yolo": ("yolo", ""), "voc": ("voc", ""), "csv": ("tfod", "/boxes.csv"), "coco": ("coco", "/instances.json")}


def main() -> None:
    data, out, work = sys.argv[1:4]
    program = str(Path(sys.executable).with_name("panlabel"))
    target, file = FORMATS[work]
    source = f"{data}/annotations/instances_train.json"
    words = ["-f", "coco", "-t", target, "--input", source, "--output", out + file, "--allow-lossy"]
    os.execv(program, [program, "convert", *words])


main()
