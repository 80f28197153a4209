"""A tiny harness: plan, records and a directory with what the writer made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exportkit.conversion.stream_pieces import StreamPieces
from exportkit.records import Annotation, Record
from exportkit.writing import Fragments, Placement, Plan, SplitFacts
from exportkit_voc.options import VocOptions
from exportkit_voc.writer import VocWriter

JPEG = b"\xff\xd8\xff\xe0 not a picture, but its ends are right \xff\xd9"

MakeWriter = Callable[..., VocWriter]
WriteDataset = Callable[..., Path]


def plan_of(records: dict[str, list[Record]], classes: tuple[str, ...]) -> Plan:
    splits = tuple(SplitFacts(name, len(own), {}) for name, own in records.items())
    count = sum(map(len, records.values()))
    index = {name: place for place, name in enumerate(classes)}
    return Plan(classes, index, splits, {}, {"image": count}, count, ids_usable=True)


@pytest.fixture
def make_writer() -> MakeWriter:
    """Make a writer for annotations that are to come."""

    def make(*annotations: Annotation, classes: tuple[str, ...] = ("cat", "dog"), **options: Any) -> VocWriter:
        records = {"train": [Record(1, annotations, name="x.jpg", width=100, height=80)]}
        return VocWriter(VocOptions(**options), plan_of(records, classes))

    return make


@pytest.fixture
def write_dataset(tmp_path: Path) -> WriteDataset:
    """Write records, given by split, as the core would, with a stand-in for each picture."""

    def write(records: dict[str, list[Record]], *, classes: tuple[str, ...] = ("cat", "dog"), **options: Any) -> Path:
        writer = VocWriter(VocOptions(**options), plan_of(records, classes))
        root = tmp_path / "dataset"
        files: dict[str, bytes] = {}
        parts = [part for file in writer.files() for part in file.parts if isinstance(part, Fragments)]
        pieces = StreamPieces({part.key: part for part in parts})
        for split, own in records.items():
            for record in own:
                placement = Placement(split, record.name, record.name.rsplit(".", 1)[0], 0)
                encoded = writer.encode(record, placement)
                assert len(encoded.outcomes) == len(record.annotations)
                files.update(encoded.files)
                files[writer.picture_path(placement)] = JPEG
                assert pieces.unknown(encoded.streams) is None
                pieces.take(encoded.streams)
        streams = pieces.joined()
        for file in writer.files():
            found = (streams.get(part.key, b"") if isinstance(part, Fragments) else part for part in file.parts)
            files[file.path] = b"".join(found)
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        return root

    return write
