"""An annotation file as a stranger reads it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["Corners", "Unreadable", "VocFile", "VocObject", "Words", "read_quickly", "read_thoroughly", "read_voc_file"]

#: name, pose, truncated, difficult: their texts, None where the element is absent.
Words: TypeAlias = tuple[str | None, str | None, str | None, str | None]
#: xmin, ymin, xmax, ymax: likewise.
Corners: TypeAlias = tuple[str | None, str | None, str | None, str | None]
VocObject: TypeAlias = tuple[Words, Corners]


class Unreadable(Exception):
    """The file is no VOC annotation at all; the message says why."""


class VocFile(NamedTuple):
    """Texts of the elements that consumers read; None where an element is absent."""

    filename: str | None
    #: ``source/annotation``; exportkit names the coordinate mode there.
    source: str | None
    width: str | None
    height: str | None
    depth: str | None
    objects: list[VocObject]


#: Printable ASCII without markup; whatever else a text holds is left to the XML library.
_TEXT = r"[ -%'-;=?-~]*+"
_NUMBERS = re.compile(
    r"([\d.]+)</xmin>\n\t\t\t<ymin>([\d.]+)</ymin>\n\t\t\t<xmax>([\d.]+)</xmax>\n\t\t\t<ymax>([\d.]+)", re.ASCII
)
#: Long marks make splitting fast.
_NUMBERS_BEGIN, _NUMBERS_END = "<bndbox>\n\t\t\t<xmin>", "</ymax>\n\t\t</bndbox>\n"
#: What stands before the numbers of an object, and after them.
_BEFORE = rf"""\t<object>
\t\t<name>({_TEXT})</name>
\t\t<pose>({_TEXT})</pose>
\t\t<truncated>({_TEXT})</truncated>
\t\t<difficult>({_TEXT})</difficult>
(?:\t\t<occluded>{_TEXT}</occluded>
)?+\t\t"""
_AFTER = rf"""(?:\t\t<attributes>
(?:\t\t\t<attribute>
\t\t\t\t<name>{_TEXT}</name>
\t\t\t\t<value>{_TEXT}</value>
\t\t\t</attribute>
)*+\t\t</attributes>
)?+\t</object>
"""
_FIRST = re.compile(_BEFORE, re.ASCII)
_BETWEEN = re.compile(_AFTER + _BEFORE, re.ASCII)
_LAST = re.compile(f"{_AFTER}</annotation>\n", re.ASCII)
_FILE_HEAD = re.compile(
    rf"""<annotation>
\t<folder>{_TEXT}</folder>
\t<filename>({_TEXT})</filename>
\t<source>
\t\t<database>{_TEXT}</database>
\t\t<annotation>({_TEXT})</annotation>
\t\t<image>{_TEXT}</image>
\t</source>
\t<size>
\t\t<width>({_TEXT})</width>
\t\t<height>({_TEXT})</height>
\t\t<depth>({_TEXT})</depth>
\t</size>
\t<segmented>{_TEXT}</segmented>
""",
    re.ASCII,
)


def read_voc_file(data: bytes) -> VocFile:
    """Read the bytes of an annotation file; raises :class:`Unreadable`.

    Files in the usual shape are read by patterns, every other one by the XML library, with equal results.
    """
    quick = read_quickly(data) if data.isascii() else None
    return read_thoroughly(data) if quick is None else quick


def read_quickly(data: bytes) -> VocFile | None:
    """Read a file of exactly the usual shape; None for any other, whatever it is."""
    text = data.decode("ascii")
    head = _FILE_HEAD.match(text)
    if head is None:
        return None
    first, *rest = text[head.end() :].split(_NUMBERS_BEGIN)
    objects: list[VocObject] = []
    words, after = _words(first, _FIRST), first
    for piece in rest:
        numbers, _, after = piece.partition(_NUMBERS_END)
        found = _NUMBERS.fullmatch(numbers)
        if words is None or found is None:
            return None
        x0, y0, x1, y1 = found.groups()
        objects.append((words, (x0, y0, x1, y1)))
        words = _words(after, _BETWEEN)
    if not (_is_last(after) if rest else after == "</annotation>\n"):
        return None
    filename, source, width, height, depth = head.groups()
    return VocFile(filename, source, width, height, depth, objects)


@lru_cache(maxsize=1 << 14)
def _words(text: str, shape: re.Pattern[str]) -> Words | None:
    """The words of the object that begins in this text; None if the text has not this shape."""
    found = shape.fullmatch(text)
    return (found[1], found[2], found[3], found[4]) if found else None


@lru_cache(maxsize=1 << 12)
def _is_last(text: str) -> bool:
    return _LAST.fullmatch(text) is not None


def read_thoroughly(data: bytes) -> VocFile:
    """Read any XML with the library: no DOCTYPE, no entities, no network. Raises :class:`Unreadable`."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(f"it is not well-formed XML: {str(error)[:120]}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("it has a DOCTYPE, which careful readers refuse")
    if root.tag != "annotation":
        raise Unreadable("its outermost element is not 'annotation'")
    objects = [_object_of(element) for element in root.iterfind("object")]
    text = root.findtext
    return VocFile(
        text("filename"),
        text("source/annotation"),
        text("size/width"),
        text("size/height"),
        text("size/depth"),
        objects,
    )


def _object_of(element: etree._Element) -> VocObject:
    text = element.findtext
    words = (text("name"), text("pose"), text("truncated"), text("difficult"))
    return words, (text("bndbox/xmin"), text("bndbox/ymin"), text("bndbox/xmax"), text("bndbox/ymax"))
