"""Run by globox's own Python: reads datasets and prints their pictures and boxes as JSON.

Reads ``{job: [method, arguments, options]}`` from standard input and answers for each job
``{picture: [[label, x0, y0, x1, y1], …]}`` as globox holds them, or the error as a text.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

# Imported by name: the environment in which types are checked has no globox.
AnnotationSet: Any = importlib.import_module("globox").AnnotationSet


def main() -> None:
    answers: dict[str, Any] = {}
    for job, (method, folder, options) in json.load(sys.stdin).items():
        try:
            found = getattr(AnnotationSet, method)(folder, **options)
            answers[job] = {
                picture.image_id: [[box.label, box.xmin, box.ymin, box.xmax, box.ymax] for box in picture.boxes]
                for picture in found
            }
        except Exception as error:  # noqa: BLE001 - whatever it is, the test has to say why
            answers[job] = f"{type(error).__name__}: {error}"
    print(json.dumps(answers))


main()
