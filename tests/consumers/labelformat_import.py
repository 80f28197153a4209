"""Run by labelformat's own Python: reads datasets and prints their pictures and objects as JSON.

Reads ``{job: [class, arguments]}`` from standard input and answers for each job
``{picture: [[label, geometry], …]}``, or the error as a text. The geometry is ``[x0, y0, x1, y1]`` of a box,
``{"rings": […]}`` of polygons, and ``{"pixels": [row-major indices]}`` of a mask.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

# Imported by name: the environment in which types are checked has no labelformat.
formats: Any = importlib.import_module("labelformat.formats")
XYXY: Any = importlib.import_module("labelformat.model.bounding_box").BoundingBoxFormat.XYXY


def geometry(thing: Any) -> Any:
    if hasattr(thing, "box"):
        return thing.box.to_format(XYXY)
    shape = thing.segmentation
    if hasattr(shape, "polygons"):
        return {"rings": [[value for point in ring for value in point] for ring in shape.polygons]}
    return {"pixels": shape.get_binary_mask().ravel().nonzero()[0].tolist()}


def read(name: str, arguments: dict[str, Any]) -> dict[str, list[Any]]:
    cls = getattr(formats, name)
    reader = cls.from_dirs(**arguments) if hasattr(cls, "from_dirs") else cls(**arguments)
    return {
        label.image.filename: [[thing.category.name, geometry(thing)] for thing in label.objects]
        for label in reader.get_labels()
    }


def main() -> None:
    answers: dict[str, Any] = {}
    for job, (name, arguments) in json.load(sys.stdin).items():
        paths = {"input_file", "input_folder", "images_dir", "masks_dir"}
        given: dict[str, Any] = {key: Path(value) if key in paths else value for key, value in arguments.items()}
        if "class_id_to_name" in given:
            given["class_id_to_name"] = {int(number): label for number, label in given["class_id_to_name"].items()}
        try:
            answers[job] = read(name, given)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test has to say why
            answers[job] = f"{type(error).__name__}: {error}"
    print(json.dumps(answers))


main()
