"""Records, plans and the files that the writer makes of them, as the core puts them together."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

from exportkit.records import Annotation, Box, Record
from exportkit.writing import Encoded, Fragments, Placement, Plan, SplitFacts
from exportkit_csv.options import CsvOptions
from exportkit_csv.writer import CsvWriter

__all__ = ["box", "encode", "export", "outcomes", "picture", "plan_of", "rows"]


def plan_of(records: Sequence[Record], **facts: Any) -> Plan:
    classes = tuple(sorted({a.label for r in records for a in r.annotations if a.label is not None}))
    kinds = Counter(a.kind for r in records for a in r.annotations)
    splits = Counter(r.split or "train" for r in records)
    values: dict[str, Any] = {
        "classes": classes,
        "class_index": {name: index for index, name in enumerate(classes)},
        "splits": tuple(SplitFacts(name, count, kinds) for name, count in splits.items()),
        "kinds": kinds,
        "media": {"image": len(records)},
        "records": len(records),
        "ids_usable": all(isinstance(r.item_id, int) for r in records),
    }
    return Plan(**(values | facts))


def export(records: Sequence[Record], facts: dict[str, Any] | None = None, **options: Any) -> dict[str, str]:
    """All files of a dataset, put together as the core does."""
    writer = CsvWriter(CsvOptions(**options), plan_of(records, **(facts or {})))
    streams: dict[str, list[bytes]] = {}
    for data in (encoded.streams for encoded in encode(writer, records)):
        for key, piece in data.items():
            streams.setdefault(key, []).append(piece)
    files = {}
    for file in writer.files():
        parts = [p.separator.join(streams.pop(p.key, [])) if isinstance(p, Fragments) else p for p in file.parts]
        files[file.path] = b"".join(parts).decode("utf-8")
    assert not streams
    return files


def encode(writer: CsvWriter, records: Sequence[Record]) -> list[Encoded]:
    numberings = writer.numberings(writer.options)
    encoded, bases = [], tuple(0 for _ in numberings)
    for ordinal, record in enumerate(records):
        stem = record.name.rsplit(".", 1)[0]
        encoded.append(writer.encode(record, Placement(record.split or "train", record.name, stem, ordinal, bases)))
        kinds = [a.kind for a in record.annotations]
        bases = tuple(base + sum(kind in own for kind in kinds) for base, own in zip(bases, numberings, strict=True))
    return encoded


def outcomes(records: Sequence[Record], **options: Any) -> list[tuple[str, tuple[str, ...]]]:
    encoded = encode(CsvWriter(CsvOptions(**options), plan_of(records)), records)
    return [(o.status, o.codes) for e in encoded for o in e.outcomes]


def rows(records: Sequence[Record], **options: Any) -> list[dict[str, str]]:
    text = export(records, **options)["annotations.csv"]
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def picture(*annotations: Annotation, item: int | str = 1, name: str = "x.jpg", **fields: Any) -> Record:
    return Record(item, annotations, name=name, **({"width": 100, "height": 80} | fields))


def box(x: float = 5, y: float = 6, w: float = 20, h: float = 10, **fields: Any) -> Annotation:
    return Annotation(0, "box", fields.pop("label", "cat"), box=Box(x, y, w, h), **fields)
