"""The fast path: an ordinary line of the seed schema to its record, without looking at geometry.

Whatever is unusual is refused, and the general way decides about it. For every line that is accepted the
record is the one that the general way gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import msgspec

from exportkit.errors import RecordFault
from exportkit.normalize.item import NO_MEDIA, file_reference, record_name
from exportkit.normalize.options import InputOptions
from exportkit.normalize.shape import closed
from exportkit.normalize.shapes import DataUnit, FileEntry, FileMeta, RleShape, SeedAnnotation, SeedLine
from exportkit.normalize.survey import RecordSurvey
from exportkit.records import Annotation, FileReference, Record
from exportkit.records.box import Box
from exportkit.records.region import LazyRegion
from exportkit.wire.tolerant import deeper_than

__all__ = ["SeedFast"]

#: Digits that a number beyond 64 bits or beyond a float needs. Texts may match too, and then go the general way.
_HUGE_NUMBER = re.compile(rb"[eE]\+?[0-9]{3}|[0-9]{19}")
#: How many class names a process remembers as good.
_REMEMBERED = 10_000

_NO_MEDIA = (NO_MEDIA,)

_Head = tuple[str, int, int, FileReference | None, tuple[tuple[str, str], ...]]
_Contents = list[tuple[str, str | None]]
_Parts = tuple[SeedLine, int | str, _Contents]


@cache
def _decoders() -> tuple[Callable[[bytes], SeedLine], Callable[[bytes], SeedLine]]:
    """The decoder of the shape and that of its closed twin; made once per process, since making them is slow."""
    return msgspec.json.Decoder(SeedLine).decode, msgspec.json.Decoder(closed(SeedLine)).decode


#: States of the work that say nothing about an item without annotations.
_DONE = frozenset({None, "completed"})


class SeedFast:
    """Reads lines with one set of input options; ``None`` as a result means that the line is refused."""

    def __init__(self, options: InputOptions) -> None:
        self._decode, closed_decode = _decoders()
        #: Lines without unknown keys hide no number; the first line that has some ends this.
        self._decode_closed: Callable[[bytes], SeedLine] | None = closed_decode
        self._usable = options.group_by in {None, "group"}
        self._labels: set[str] = set()

    def normalise(self, line: bytes, *, surveyed: bool = False) -> Record | None:
        """The record of ``line``, with every annotation, or None.

        ``surveyed`` promises that :meth:`survey` took the line before, so that its depth needs no second look.
        """
        decode = self._decode_closed or self._decode
        parts = self._parts(line, decode if surveyed else self._decoded)
        if parts is None and surveyed and decode is not self._decode:
            parts = self._parts(line, self._decoded)
        if parts is None or (not surveyed and deeper_than(line)):
            return None
        shape, identity, contents = parts
        head = _head(shape, identity)
        if head is None:
            return None
        name, width, height, file, notices = head
        return Record(
            item_id=identity,
            annotations=_annotations(shape.data.annotations, contents),
            name=name,
            width=width,
            height=height,
            file=file,
            split=_split(shape),
            group=_group(shape),
            notices=notices,
            status=shape.status_label if isinstance(shape.status_label, str) else None,
        )

    def survey(self, line: bytes) -> RecordSurvey | None:
        """What the survey needs of ``line``; equal to the survey of its record. None for the same lines."""
        parts = self._parts(line, self._decoded)
        if parts is None or deeper_than(line):
            return None
        shape, identity, contents = parts
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
            contents=contents,
        )

    def _decoded(self, line: bytes) -> SeedLine:
        """The line's shape. Raises msgspec.ValidationError also where a key that is not read may hide a bad number."""
        if self._decode_closed is not None:
            try:
                return self._decode_closed(line)
            except msgspec.ValidationError:
                shape = self._decode(line)
                self._decode_closed = None
        else:
            shape = self._decode(line)
        if _HUGE_NUMBER.search(line):
            raise msgspec.ValidationError("a number may be too large")
        return shape

    def _parts(self, line: bytes, decode: Callable[[bytes], SeedLine]) -> _Parts | None:
        """The decoded line, its id, and kind and class of each annotation."""
        if not self._usable:
            return None
        try:
            shape = decode(line)
            if not line.isascii():
                line.decode()
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        identity = shape.id if shape.id is not None else shape.pgh_id
        if identity is None:
            return None
        contents = self._contents(shape.data.annotations)
        if contents is None or (not contents and shape.status_label not in _DONE):
            return None
        return shape, identity, contents

    def _contents(self, annotations: list[SeedAnnotation]) -> _Contents | None:
        """Kind and class of each annotation, or None if one is unusual."""
        contents: _Contents = []
        labels = self._labels
        for source in annotations:
            region = source.segmentation
            label = source.category
            if not region:
                if source.bbox is None:
                    return None
                kind = "box"
            else:
                kind = "polygon" if type(region) is list else "mask"
            if label not in labels and not self._learn(label):
                return None
            contents.append((kind, label))
        return contents

    def _learn(self, label: str) -> bool:
        """Whether a class name is no blank text; what was found good is remembered."""
        if not label.strip():
            return False
        if len(self._labels) < _REMEMBERED:
            self._labels.add(label)
        return True


def _annotations(sources: list[SeedAnnotation], contents: _Contents) -> tuple[Annotation, ...]:
    annotations = []
    for index, source in enumerate(sources):
        kind, label = contents[index]
        region = source.segmentation
        box = source.bbox
        annotations.append(
            Annotation(
                index,
                kind,
                label,
                None if box is None else Box(*box),
                _region(region) if region else None,
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
                source.attributes or None,
            )
        )
    return tuple(annotations)


def _region(source: list[msgspec.Raw] | RleShape) -> LazyRegion:
    if isinstance(source, list):
        return LazyRegion(source, "coco_rings")
    return LazyRegion(b'{"size":%b,"counts":%b}' % (bytes(source.size), bytes(source.counts)), "rle")


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
    size = _declared(entry, unit)
    if size is None:
        return None
    width, height = size
    path = None if file is None else file.bundle_path
    name = record_name(entry and entry.file_name_original, unit and unit.name, path, identity)
    return name, width, height, file, _NO_MEDIA if path is None else ()


def _declared(entry: FileEntry | None, unit: DataUnit | None) -> tuple[int, int] | None:
    """The declared size, (0, 0) when there is none; None for half a size or one that is not positive."""
    source: FileMeta | DataUnit | None = entry.meta if entry is not None else None
    if source is None or (source.width is None and source.height is None):
        source = unit
    if source is None or (source.width is None and source.height is None):
        return 0, 0
    width, height = source.width, source.height
    return (width, height) if width is not None and height is not None and width > 0 and height > 0 else None


def _entry(files: dict[str, FileEntry] | None) -> FileEntry | None:
    """The entry that is primary, else the first (wire, section 5)."""
    if not files:
        return None
    first = None
    for entry in files.values():
        if entry.is_primary:
            return entry
        first = first or entry
    return first


def _split(shape: SeedLine) -> str | None:
    return shape.split or (shape.data_unit and shape.data_unit.split) or shape.data.split or None


def _group(shape: SeedLine) -> str | None:
    unit = shape.data_unit
    found = shape.group
    if found is None and unit is not None:
        found = unit.group
    if found is None:
        found = shape.data.group
    return None if found is None else str(found)
