"""Run by datumaro's own Python: imports datasets and prints their pictures and boxes as JSON.

Reads from standard input ``{name: [format, folder, options]}``, and answers for each name either
``{subset: {item: [[kind, label, x0, y0, x1, y1], …]}}``, boxes as datumaro holds them, or the error as a text.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

# Imported by name: the environment in which types are checked has no datumaro.
datumaro: Any = importlib.import_module("datumaro")
DatumaroError: Any = importlib.import_module("datumaro.components.errors").DatumaroError


def imported(form: str, folder: str, options: dict[str, str]) -> dict[str, dict[str, list[list[object]]]]:
    dataset = datumaro.Dataset.import_from(folder, form, **options)
    labels = dataset.categories().get(datumaro.AnnotationType.label)
    found: dict[str, dict[str, list[list[object]]]] = {}
    for item in dataset:
        things = found.setdefault(item.subset, {}).setdefault(item.id, [])
        for annotation in item.annotations:
            if annotation.type.name != "label":
                x, y, w, h = map(float, annotation.get_bbox())
                things.append([annotation.type.name, labels[annotation.label].name, x, y, x + w, y + h])
    return found


def main() -> None:
    answers: dict[str, Any] = {}
    for name, (form, folder, options) in json.load(sys.stdin).items():
        try:
            answers[name] = imported(form, folder, options)
        except DatumaroError as error:
            answers[name] = f"{error} {error.__cause__ or ''}"
    print(json.dumps(answers))


main()
