"""The fast path: an ordinary line of the seed schema to its record, without looking at geometry.

Whatever is unusual is refused, and the general way decides about it. For every line that is accepted the
record is the one that the general way gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from exportkit.errors import RecordFault
from exportkit.normalize.item import NO_MEDIA, file_reference, record_name
from exportkit.normalize.options import InputOptions
from exportkit.normalize.shapes import FileEntry, SeedAnnotation, SeedLine
from exportkit.normalize.survey import RecordSurvey
from exportkit.records import Annotation, FileReference, Record
from exportkit.records.box import Box
from exportkit.records.region import LazyRegion, RegionForm
from exportkit.wire.tolerant import deeper_than

__all__ = ["SeedFast"]

#: Kind by the first two bytes of ``segmentation``; others are refused.
_KIND_BY_START = {b"": "box", b"nu": "box", b"[]": "box", b"[[": "polygon", b'{"': "mask"}
#: First bytes of attributes that are an object, empty, or null.
_PLAIN_ATTRIBUTES = frozenset({b'{"', b"{}", b"nu", b""})
#: Digits and exponents that a number beyond 64 bits or beyond a float needs. Strings may match too.
_LONG_NUMBER = re.compile(rb"[0-9eE][+0-9][0-9]{2}")
_HUGE_NUMBER = re.compile(rb"[eE]\+?[0-9]{3}|[0-9]{19}")
_KNOWN_LABELS_LIMIT = 100_000

_FORMS: dict[str, RegionForm] = {"polygon": "coco_rings", "mask": "rle"}
_NO_MEDIA = (NO_MEDIA,)

_Head = tuple[str, int, int, FileReference | None, tuple[tuple[str, str], ...]]
_Parts = tuple[SeedLine, int | str, list[str]]


class SeedFast:
    """Reads lines with one set of input options; ``None`` as a result means that the line is refused."""

    def __init__(self, options: InputOptions) -> None:
        self._decode: Callable[[bytes], SeedLine] = msgspec.json.Decoder(SeedLine).decode
        self._usable = options.group_by in {None, "group"}
        self._labels: set[str] = set()

    def normalise(self, line: bytes) -> Record | None:
        """The record of ``line``, with every annotation, or None."""
        parts = self._parts(line)
        if parts is None:
            return None
        shape, identity, kinds = parts
        head = _head(shape, identity)
        if head is None:
            return None
        name, width, height, file, notices = head
        return Record(
            item_id=identity,
            annotations=_annotations(shape.data.annotations, kinds),
            name=name,
            width=width,
            height=height,
            file=file,
            split=_split(shape),
            group=_group(shape),
            notices=notices,
        )

    def survey(self, line: bytes) -> RecordSurvey | None:
        """What the survey needs of ``line``; equal to the survey of its record. None for the same lines."""
        parts = self._parts(line)
        if parts is None:
            return None
        shape, identity, kinds = parts
        head = _head(shape, identity)
        if head is None:
            return None
        name, width, height, file, notices = head
        return RecordSurvey(
            item_id=identity,
            name=name,
            width=width,
            height=height,
            file=file,
            split=_split(shape),
            group=_group(shape),
            notices=notices,
            contents=list(zip(kinds, [source.category for source in shape.data.annotations], strict=True)),
        )

    def _parts(self, line: bytes) -> _Parts | None:
        """The decoded line, its id and the kind of each annotation."""
        if not self._usable:
            return None
        try:
            shape = self._decode(line)
            if not line.isascii():
                line.decode()
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        identity = shape.id if shape.id is not None else shape.pgh_id
        if identity is None or deeper_than(line):
            return None
        kinds = self._kinds(shape.data.annotations)
        return None if kinds is None else (shape, identity, kinds)

    def _kinds(self, annotations: list[SeedAnnotation]) -> list[str] | None:
        """The kind of each annotation, or None if one is unusual."""
        kinds: list[str] = []
        attributes: list[bytes] = []
        labels = self._labels
        for source in annotations:
            kind = _KIND_BY_START.get(bytes(source.segmentation)[:2])
            if kind is None or (kind == "box" and source.bbox is None):
                return None
            if source.category not in labels and not self._learn(source.category):
                return None
            plain = bytes(source.attributes)
            if plain[:2] not in _PLAIN_ATTRIBUTES:
                return None
            attributes.append(plain)
            kinds.append(kind)
        joined = b"".join(attributes)
        if _LONG_NUMBER.search(joined) and _HUGE_NUMBER.search(joined):
            return None
        return kinds

    def _learn(self, label: str) -> bool:
        if not label.strip():
            return False
        if len(self._labels) < _KNOWN_LABELS_LIMIT:
            self._labels.add(label)
        return True


def _annotations(sources: list[SeedAnnotation], kinds: list[str]) -> tuple[Annotation, ...]:
    annotations = []
    for index, source in enumerate(sources):
        kind = kinds[index]
        region = None if kind == "box" else LazyRegion(source.segmentation, _FORMS[kind], ".segmentation")
        box = source.bbox
        attributes = bytes(source.attributes)
        annotations.append(
            Annotation(
                index,
                kind,
                source.category,
                None if box is None else Box(*box),
                region,
                None,
                source.id,
                source.iscrowd == 1,
                source.difficult,
                source.truncated,
                source.occluded,
                source.area,
                source.score,
                source.group_id,
                source.track_id,
                source.frame,
                attributes if attributes[:2] == b'{"' else None,
            )
        )
    return tuple(annotations)


def _head(shape: SeedLine, identity: int | str) -> _Head | None:
    """Name, declared size, file and notices; None where one of them is a matter for the general way."""
    entry = _entry(shape.files_manifest)
    unit = shape.data_unit
    file = None
    try:
        if entry is not None:
            file = file_reference(entry.bundle_path, entry.url, entry.size, entry.sha256, "$.files_manifest")
    except RecordFault:
        return None
    declared = next(
        (size for size in (entry and entry.meta, unit) if size and (size.width is not None or size.height is not None)),
        None,
    )
    width = height = 0
    if declared is not None:
        if declared.width is None or declared.height is None or declared.width < 1 or declared.height < 1:
            return None
        width, height = declared.width, declared.height
    path = None if file is None else file.bundle_path
    name = record_name(entry and entry.file_name_original, unit and unit.name, path, identity)
    return name, width, height, file, _NO_MEDIA if path is None else ()


def _entry(files: dict[str, FileEntry] | None) -> FileEntry | None:
    """The entry that is primary, else the first (wire, section 5)."""
    if not files:
        return None
    return next((entry for entry in files.values() if entry.is_primary), None) or next(iter(files.values()))


def _split(shape: SeedLine) -> str | None:
    return shape.split or (shape.data_unit and shape.data_unit.split) or shape.data.split or None


def _group(shape: SeedLine) -> str | None:
    unit = shape.data_unit
    found = (shape.group, None if unit is None else unit.group, shape.data.group)
    return next((str(group) for group in found if group is not None), None)
