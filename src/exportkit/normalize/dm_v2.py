"""DM V2: one array per medium, annotations keyed by tool; bare or wrapped with its V1 keys (wire, section 21)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import msgspec

from exportkit.errors import RecordFault
from exportkit.normalize.contract import Normalizer
from exportkit.normalize.dm_entry import Medium, v2_entry
from exportkit.normalize.dm_groups import read_groups
from exportkit.normalize.dm_media import medium_of, natural_order, place_of, specs_of
from exportkit.normalize.dm_record import DmReading
from exportkit.normalize.item import Item
from exportkit.normalize.kinds import MEDIA_BY_KEY
from exportkit.normalize.medium_record import medium_record
from exportkit.normalize.options import InputOptions
from exportkit.normalize.sizes import grid_of
from exportkit.records import Record
from exportkit.records.numbers import quoted
from exportkit.wire.json_path import below

__all__ = ["DmV2Normalizer", "DmV2WrappedNormalizer"]


class DmV2Normalizer(Normalizer):
    """One record per element of a media array."""

    name: ClassVar[str] = "dm_v2"

    @classmethod
    def recognises(cls, data: Mapping[str, Any]) -> bool:
        return any(isinstance(data.get(key), list) for key in MEDIA_BY_KEY)

    def normalise(self, item: Item, options: InputOptions) -> list[Record]:
        return _records(item, item.data, item.data, item.data_path, options)


class DmV2WrappedNormalizer(Normalizer):
    """``{annotation_data, annotation_meta}``: the meta adds sizes, groups and relations."""

    name: ClassVar[str] = "dm_v2_wrapped"

    @classmethod
    def recognises(cls, data: Mapping[str, Any]) -> bool:
        return data.get("annotation_data") is not None

    def normalise(self, item: Item, options: InputOptions) -> list[Record]:
        payload = item.data["annotation_data"]
        path = f"{item.data_path}.annotation_data"
        if not isinstance(payload, dict) or not DmV2Normalizer.recognises(payload):
            raise RecordFault(
                "E_SCHEMA_UNKNOWN", f"annotation_data must be a DM V2 object, not {quoted(payload)}.", path
            )
        meta = item.data.get("annotation_meta")
        return _records(item, payload, meta if isinstance(meta, dict) else {}, path, options)


class _Element(msgspec.Struct, frozen=True):
    """One element of a media array with the media id that it stands for."""

    medium: str
    media_id: str
    content: Mapping[str, Any]
    path: str
    alone: bool


def _records(
    item: Item, payload: Mapping[str, Any], meta: Mapping[str, Any], path: str, options: InputOptions
) -> list[Record]:
    elements = [
        element for key, medium in MEDIA_BY_KEY.items() for element in _elements(item, payload, meta, key, medium, path)
    ]
    if not elements:
        return [medium_record(item, (), (), item.chosen)]
    media = {element.medium for element in elements}
    return [
        _record(item, element, meta, options, alone=element.alone and (element.medium == "image" or len(media) == 1))
        for element in elements
    ]


def _elements(
    item: Item, payload: Mapping[str, Any], meta: Mapping[str, Any], key: str, medium: str, path: str
) -> list[_Element]:
    contents = payload.get(key)
    if contents is None:
        return []
    if not isinstance(contents, list):
        raise RecordFault("E_SCHEMA_UNKNOWN", f"{key} must be a list, not {quoted(contents)}.", f"{path}.{key}")
    names = _media_ids(item, meta, medium, len(contents))
    elements = []
    for position, content in enumerate(contents):
        here = f"{path}.{key}[{position}]"
        if not isinstance(content, dict):
            raise RecordFault(
                "E_SCHEMA_UNKNOWN", f"An element of {key} must be an object, not {quoted(content)}.", here
            )
        elements.append(_Element(medium, names[position], content, here, len(contents) == 1))
    return elements


def _media_ids(item: Item, meta: Mapping[str, Any], medium: str, count: int) -> list[str]:
    """Media ids of a media array: those of the meta, else of the data specs, else made anew (wire, section 21)."""
    by_media = [meta[key] for key in ("annotations", "annotationsData") if isinstance(meta.get(key), dict)]
    listed = natural_order({name for entries in by_media for name in entries if medium_of(name) == medium})
    if len(listed) == count:
        return listed
    specs = specs_of(item, medium)
    made = [f"{medium}_{position + 1}" for position in range(count)]
    return made if count == 1 else [*specs[:count], *made[len(specs) :]]


def _record(item: Item, element: _Element, meta: Mapping[str, Any], options: InputOptions, *, alone: bool) -> Record:
    extra = _of_medium(meta.get("extra"), element.media_id)
    place = place_of(item, element.media_id, alone=alone)
    declared = item.declared(extra, "annotation_meta.extra", place)
    medium = Medium(element.medium, grid_of(declared))
    reading = DmReading(medium, options)
    for tool, entries in element.content.items():
        path = below(element.path, tool)
        if not isinstance(entries, list):
            raise RecordFault(
                "E_SCHEMA_UNKNOWN", f"The annotations of a tool must be a list, not {quoted(entries)}.", path
            )
        for position, source in enumerate(entries):
            here = f"{path}[{position}]"
            reading.add(source, here, partial(v2_entry, path=here, tool=tool, source=source))
    groups = read_groups(
        _of_medium(meta.get("annotationGroups"), element.media_id),
        below(f"{item.data_path}.annotation_meta.annotationGroups", element.media_id),
    )
    annotations, failed = reading.finish(groups, options)
    return medium_record(
        item, annotations, failed, place, media_id=element.media_id, medium=element.medium, extra=extra
    )


def _of_medium(by_media: object, media_id: str) -> Any:
    return by_media.get(media_id) if isinstance(by_media, dict) else None
