"""DM V1: annotations and their data in two maps by media id, joined by annotation id (wire, section 20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

from exportkit.errors import AnnotationFault, AnnotationSkip, RecordFault
from exportkit.normalize.contract import Normalizer
from exportkit.normalize.dm_entry import Medium, v1_entry
from exportkit.normalize.dm_groups import read_groups
from exportkit.normalize.dm_media import medium_of, natural_order, place_of
from exportkit.normalize.dm_record import DmReading
from exportkit.normalize.item import Item
from exportkit.normalize.medium_record import medium_record
from exportkit.normalize.options import InputOptions
from exportkit.normalize.sizes import grid_of
from exportkit.records import Record
from exportkit.records.numbers import quoted
from exportkit.wire.json_path import below

__all__ = ["DmV1Normalizer"]

_ORPHAN_DATA = "The data record has no annotation of its id."
_ORPHAN = "The annotation has no data record of its id."


class DmV1Normalizer(Normalizer):
    """One record per media id."""

    name: ClassVar[str] = "dm_v1"

    @classmethod
    def recognises(cls, data: Mapping[str, Any]) -> bool:
        return isinstance(data.get("annotations"), dict) and isinstance(data.get("annotationsData"), dict)

    def normalise(self, item: Item, options: InputOptions) -> list[Record]:
        media = natural_order({*item.data["annotations"], *item.data["annotationsData"]})
        if not media:
            return [medium_record(item, (), (), item.chosen)]
        kinds = {media_id: _medium(media_id, item) for media_id in media}
        return [_record(item, media_id, kinds, options) for media_id in media]


def _medium(media_id: str, item: Item) -> str:
    kind = medium_of(media_id)
    if kind is None:
        text = f"{quoted(media_id)} names no known medium; media ids look like image_1."
        raise RecordFault("E_SCHEMA_UNKNOWN", text, below(f"{item.data_path}.annotations", media_id))
    return kind


def _record(item: Item, media_id: str, kinds: Mapping[str, str], options: InputOptions) -> Record:
    extra = _of_medium(item.data.get("extra"), media_id)
    same = sum(1 for kind in kinds.values() if kind == kinds[media_id])
    alone = same == 1 and (kinds[media_id] == "image" or len(kinds) == 1)
    place = place_of(item, media_id, alone=alone)
    path = below(f"{item.data_path}.extra", media_id)
    medium = Medium(kinds[media_id], grid_of(item.declared(extra, path, place)))
    reading = _read(item, media_id, medium, options)
    groups = read_groups(
        _of_medium(item.data.get("annotationGroups"), media_id), below(f"{item.data_path}.annotationGroups", media_id)
    )
    annotations, failed = reading.finish(groups, options)
    return medium_record(item, annotations, failed, place, media_id=media_id, medium=medium.kind, extra=extra)


def _of_medium(by_media: object, media_id: str) -> Any:
    return by_media.get(media_id) if isinstance(by_media, dict) else None


def _read(item: Item, media_id: str, medium: Medium, options: InputOptions) -> DmReading:
    """Join and read the annotations of one medium, then its top-level relations."""
    reading = DmReading(medium, options)
    data_path = below(f"{item.data_path}.annotationsData", media_id)
    data = list(_entries(item, "annotationsData", media_id))
    waiting: dict[Any, tuple[str, Mapping[str, Any]]] = {}
    surplus: list[tuple[str, Mapping[str, Any]]] = []
    for position, record in enumerate(data):
        path = f"{data_path}[{position}]"
        if not isinstance(record, dict) or not _is_id(record.get("id")):
            reading.fail(record, AnnotationFault("E_ANNOTATION", "A data record must be an object with an id."), path)
        elif record["id"] in waiting:
            surplus.append((path, record))
        else:
            waiting[record["id"]] = (path, record)
    twice = _join(item, media_id, medium, reading, waiting)
    for path, record in waiting.values():
        reading.fail(record, AnnotationSkip("S_ORPHAN", _ORPHAN_DATA), path)
    for path, record in surplus:
        if twice.get(record["id"], 0):
            twice[record["id"]] -= 1  # its annotation is the one that was refused
        else:
            reading.fail(record, _duplicate(record["id"]), path)
    for position, relation in enumerate(_entries(item, "relations", media_id, optional=True)):
        path = f"{below(f'{item.data_path}.relations', media_id)}[{position}]"
        source = {"tool": "relation", **relation} if isinstance(relation, dict) else relation
        reading.add(source, path, partial(v1_entry, path=path, record=source, data=source, medium=medium))
    return reading


def _join(
    item: Item,
    media_id: str,
    medium: Medium,
    reading: DmReading,
    waiting: dict[Any, tuple[str, Mapping[str, Any]]],
) -> dict[Any, int]:
    """Read every annotation with its data record, which is taken out of ``waiting``; count refused twins by id."""
    path = below(f"{item.data_path}.annotations", media_id)
    seen: set[Any] = set()
    twice: dict[Any, int] = {}
    for position, record in enumerate(_entries(item, "annotations", media_id)):
        here = f"{path}[{position}]"
        identity = record.get("id") if isinstance(record, dict) else None
        if not _is_id(identity):
            reading.fail(record, AnnotationFault("E_ANNOTATION", "An annotation must be an object with an id."), here)
        elif identity in seen:
            twice[identity] = twice.get(identity, 0) + 1
            reading.fail(record, _duplicate(identity), here)
        elif identity not in waiting:
            seen.add(identity)
            reading.fail(record, AnnotationSkip("S_ORPHAN", _ORPHAN), here)
        else:
            seen.add(identity)
            data = waiting.pop(identity)[1]
            reading.add(
                record,
                here,
                partial(v1_entry, path=here, record=record, data=data, medium=medium),
            )
    return twice


def _is_id(value: object) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool) and value != ""


def _duplicate(identity: object) -> AnnotationFault:
    return AnnotationFault(
        "E_ANN_ID_DUPLICATE", f"The annotation id {quoted(identity)} occurs twice in its medium.", ".id"
    )


def _entries(item: Item, key: str, media_id: str, *, optional: bool = False) -> Iterator[Any]:
    entries = _of_medium(item.data.get(key), media_id)
    if entries is None:
        return iter(())
    if not isinstance(entries, list):
        if optional:
            return iter(())
        text = f"{key} of a medium must be a list, not {quoted(entries)}."
        raise RecordFault("E_SCHEMA_UNKNOWN", text, below(f"{item.data_path}.{key}", media_id))
    return iter(entries)
