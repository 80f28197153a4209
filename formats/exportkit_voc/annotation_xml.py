"""One picture's annotation as XML text, made by escaped templates (formats, section 5.3).

The templates give byte for byte what lxml gives with tabs for indentation, apart from TAB and LF in texts,
which stand as references here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from exportkit.records import Annotation
from exportkit.writing.attributes import read_attributes
from exportkit_voc.xml_text import escaped, is_representable

__all__ = ["attributes_xml", "document_xml", "object_head", "object_xml"]

_DOCUMENT = """<annotation>
\t<folder>%s</folder>
\t<filename>%s</filename>
\t<source>
\t\t<database>exportkit</database>
\t\t<annotation>%s</annotation>
\t\t<image>unknown</image>
\t</source>
\t<size>
\t\t<width>%d</width>
\t\t<height>%d</height>
\t\t<depth>%d</depth>
\t</size>
\t<segmented>0</segmented>
%s</annotation>
"""
_HEAD = """\t<object>
\t\t<name>%s</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>"""
_OBJECT = """%s%d</truncated>
\t\t<difficult>%d</difficult>
%s\t\t<bndbox>
\t\t\t<xmin>%s</xmin>
\t\t\t<ymin>%s</ymin>
\t\t\t<xmax>%s</xmax>
\t\t\t<ymax>%s</ymax>
\t\t</bndbox>
%s\t</object>
"""
_OCCLUDED = "\t\t<occluded>1</occluded>\n"
_ATTRIBUTES = "\t\t<attributes>\n%s\t\t</attributes>\n"
_ATTRIBUTE = """\t\t\t<attribute>
\t\t\t\t<name>%s</name>
\t\t\t\t<value>%s</value>
\t\t\t</attribute>
"""
#: Fields of an annotation without an element of their own.
_FIELDS = ("score", "group_id", "track_id", "frame")
#: Attributes of at most this many bytes are remembered: in practice a few texts repeat.
_REMEMBERED = 512

Corners = tuple[int | str, int | str, int | str, int | str]


def document_xml(folder: str, filename: str, mode: str, size: tuple[int, int, int], objects: str) -> bytes:
    """The whole file, UTF-8. ``size`` is width, height and depth; ``objects`` are finished elements.

    Raises ValueError for a file name that XML 1.0 cannot hold.
    """
    return (_DOCUMENT % (folder, escaped(filename), mode, *size, objects)).encode()


def object_head(name: str) -> str:
    """The beginning of every object of a class; raises ValueError for a name that XML 1.0 cannot hold."""
    return _HEAD % escaped(name)


def object_xml(head: str, annotation: Annotation, *, difficult: bool, corners: Corners, attributes: str) -> str:
    """One object from its class's head, its corners as they are to be written, and its finished attributes."""
    occluded = _OCCLUDED if annotation.occluded else ""
    return _OBJECT % (head, annotation.truncated, difficult, occluded, *corners, attributes)


def attributes_xml(annotation: Annotation) -> tuple[str, bool]:
    """The ``attributes`` element, empty where there are none, and whether an attribute could not be written.

    Texts stand as they are, every other value as compact JSON. Score, group, track and frame follow the
    source's own. Raises as :func:`exportkit.writing.attributes.read_attributes` does.
    """
    source = annotation.attributes
    added = [(name, value) for name in _FIELDS if (value := getattr(annotation, name)) is not None]
    if not added:
        if not source:
            return "", False
        if type(source) is bytes and len(source) <= _REMEMBERED:
            return _remembered(source)
    return _rendered((*read_attributes(source).items(), *added))


@lru_cache(maxsize=4096)
def _remembered(source: bytes) -> tuple[str, bool]:
    return _rendered(read_attributes(source).items())


def _rendered(entries: Iterable[tuple[str, Any]]) -> tuple[str, bool]:
    texts = [(str(name), _value_text(value)) for name, value in entries]
    kept = [pair for pair in texts if all(map(is_representable, pair))]
    body = "".join(_ATTRIBUTE % (escaped(name), escaped(value)) for name, value in kept)
    return _ATTRIBUTES % body if body else "", len(kept) < len(texts)


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
