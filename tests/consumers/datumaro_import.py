"""Run by datumaro's own Python: imports datasets and prints their pictures and objects as JSON.

Reads from standard input ``{job: [format, folder, options]}``, and answers for each job either
``{subset: {item: [[kind, label, geometry], …]}}`` or the error as a text. The geometry is ``[x0, y0, x1, y1]`` of
a box, the flat ring of a polygon, row-major indices of a mask, flat triplets of key points, the text of a caption.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from typing import Any

# Imported by name: the environment in which types are checked has no datumaro.
datumaro: Any = importlib.import_module("datumaro")
DatumaroError: Any = importlib.import_module("datumaro.components.errors").DatumaroError


def geometry(thing: Any) -> Any:
    kind = thing.type.name
    if kind == "bbox":
        x, y, w, h = map(float, thing.get_bbox())
        return [x, y, x + w, y + h]
    if kind == "polygon":
        return list(map(float, thing.points))
    if kind == "mask":
        return thing.image.ravel().nonzero()[0].tolist()
    if kind == "points":
        pairs = zip(thing.points[::2], thing.points[1::2], thing.visibility, strict=True)
        return [float(value) for x, y, v in pairs for value in (x, y, v.value)]
    return thing.caption if kind == "caption" else None


def imported(form: str, folder: str, options: dict[str, str]) -> dict[str, dict[str, list[list[object]]]]:
    dataset = datumaro.Dataset.import_from(folder, form, **options)
    labels = dataset.categories().get(datumaro.AnnotationType.label)
    found: dict[str, dict[str, list[list[object]]]] = {}
    for item in dataset:
        things = found.setdefault(item.subset, {}).setdefault(item.id, [])
        for thing in item.annotations:
            number = getattr(thing, "label", None)
            label = None if number is None or labels is None else labels[number].name
            things.append([thing.type.name, label, geometry(thing)])
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    answers: dict[str, Any] = {}
    for name, (form, folder, options) in json.load(sys.stdin).items():
        try:
            answers[name] = imported(form, folder, options)
        except DatumaroError as error:
            answers[name] = f"{type(error).__name__}: {error} {error.__cause__ or ''}"
    print(json.dumps(answers))


main()
