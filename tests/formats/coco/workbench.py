"""Datasets in memory, put together as the core does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from exportkit.conversion.planning import main_skeleton, skeletons_by_class
from exportkit.normalize import survey_of
from exportkit.records import PERSON_17, Annotation, Box, Keypoints, LazyRegion, Record
from exportkit.writing import Encoded, Fragments, Placement, Plan, SplitFacts
from exportkit_coco.options import CocoOptions
from exportkit_coco.writer import CocoWriter

__all__ = [
    "TRIANGLE",
    "box",
    "export",
    "instances",
    "mask",
    "outcomes",
    "person",
    "picture",
    "plan_of",
    "read",
    "region",
]

TRIANGLE = LazyRegion(b"[[10,10,30,10,10,30]]", "coco_rings")


def plan_of(records: Sequence[Record], **facts: Any) -> Plan:
    labels = {a.label for r in records for a in r.annotations if a.label is not None and a.kind != "caption"}
    classes = tuple(sorted(labels))
    surveys = [survey_of(record) for record in records]
    skeletons = Counter(pair for survey in surveys for pair in survey.skeletons)
    kinds = Counter(a.kind for r in records for a in r.annotations)
    values: dict[str, Any] = {
        "classes": classes,
        "class_index": {name: index for index, name in enumerate(classes)},
        "splits": (SplitFacts("train", len(records), kinds),),
        "kinds": kinds,
        "media": {"image": len(records)},
        "records": len(records),
        "ids_usable": all(isinstance(r.item_id, int) for r in records),
        "skeletons": skeletons_by_class(skeletons),
        "skeleton": main_skeleton(skeletons),
        "outlined": sum(survey.outlined for survey in surveys),
    }
    return Plan(**(values | facts))


def export(
    records: Sequence[Record], options: CocoOptions | None = None, **facts: Any
) -> tuple[dict[str, bytes], list[Encoded]]:
    """All files of a dataset and what each record gave, put together as the core does."""
    writer = CocoWriter(options or CocoOptions(), plan_of(records, **facts))
    numberings = writer.numberings(writer.options)
    bases = [0] * len(numberings)
    streams: dict[str, list[bytes]] = {}
    encoded = []
    for ordinal, record in enumerate(records):
        placement = Placement(
            record.split or "train", record.name, record.name.rsplit(".", 1)[0], ordinal, tuple(bases)
        )
        encoded.append(writer.encode(record, placement))
        for key, data in encoded[-1].streams.items():
            streams.setdefault(key, []).append(data)
        for position, kinds in enumerate(numberings):
            bases[position] += sum(a.kind in kinds for a in record.annotations)
    files = {}
    for file in writer.files():
        parts = [p.separator.join(streams.get(p.key, [])) if isinstance(p, Fragments) else p for p in file.parts]
        files[file.path] = b"".join(parts)
    return files, encoded


def instances(records: Sequence[Record], options: CocoOptions | None = None, **facts: Any) -> dict[str, Any]:
    return read(records, "annotations/instances_train.json", options, **facts)


def read(records: Sequence[Record], path: str, options: CocoOptions | None = None, **facts: Any) -> dict[str, Any]:
    """One file of a dataset."""
    files, _ = export(records, options, **facts)
    loaded: dict[str, Any] = json.loads(files[path].decode("ascii"))
    return loaded


def outcomes(
    records: Sequence[Record], options: CocoOptions | None = None, **facts: Any
) -> list[tuple[str, tuple[str, ...]]]:
    _, encoded = export(records, options, **facts)
    return [(o.status, o.codes) for e in encoded for o in e.outcomes]


def picture(*annotations: Annotation, item: int | str = 1, name: str = "x.jpg") -> Record:
    return Record(item, annotations, name=name, width=100, height=80)


def box(x: float = 5, y: float = 6, w: float = 20, h: float = 10, **fields: Any) -> Annotation:
    return Annotation(0, "box", fields.pop("label", "cat"), box=Box(x, y, w, h), **fields)


def region(rings: str, kind: str = "polygon", **fields: Any) -> Annotation:
    return Annotation(
        0, kind, "cat", region=LazyRegion(rings.encode(), "coco_rings", holes=fields.pop("holes", None)), **fields
    )


def mask(counts: list[int], **fields: Any) -> Annotation:
    source = json.dumps({"size": [80, 100], "counts": counts}).encode()
    return Annotation(0, "mask", "dog", region=LazyRegion(source, "rle"), **fields)


def person(*points: tuple[float, float, int], **fields: Any) -> Annotation:
    """A person of 17 points: those that are given, then ones that are not labelled."""
    given = (*points, *[(0, 0, 0)] * (17 - len(points)))
    geometry = Keypoints(given, PERSON_17.name, PERSON_17.points)
    return Annotation(0, "keypoints", fields.pop("label", "person"), geometry=geometry, **fields)
