"""An annotation file as a stranger reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias, cast

import msgspec

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["Corners", "Edge", "Unreadable", "VocFile", "Words", "read_quickly", "read_thoroughly", "read_voc_file"]

#: name, pose, truncated, difficult: their texts, None where the element is absent.
Words: TypeAlias = tuple[str | None, str | None, str | None, str | None]
#: An int for a plain whole number of at most nine digits, the text for any other, None for an absent element.
Edge: TypeAlias = int | str | None
#: xmin, ymin, xmax, ymax.
Corners: TypeAlias = tuple[Edge, Edge, Edge, Edge]


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
    #: Of each object its words, and its corners.
    words: list[Words]
    corners: list[Corners]
    segmented: str | None = None
    #: Place of an object → cx, cy, w, h, angle, where it has a rotated box.
    rotated: Mapping[int, tuple[str | None, ...]] = {}


#: Printable ASCII without markup; whatever else a text holds is left to the XML library.
_TEXT = r"[ -%'-;=?-~]*+"
_BOX = re.compile(
    r"""<bndbox>
\t\t\t<xmin>([\d.]+)</xmin>
\t\t\t<ymin>([\d.]+)</ymin>
\t\t\t<xmax>([\d.]+)</xmax>
\t\t\t<ymax>([\d.]+)</ymax>
\t\t</bndbox>
""",
    re.ASCII,
)
_PLAIN_INT = re.compile("(?:0|[1-9][0-9]{0,8})")
#: JSON has the same plain whole numbers.
_plain_ints = msgspec.json.Decoder(list[Annotated[int, msgspec.Meta(ge=0, lt=1_000_000_000)]]).decode
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
\t<segmented>({_TEXT})</segmented>
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
    # Texts around the boxes in turn with the four numbers of each.
    numbers = _BOX.split(text[head.end() :])
    first, *between = numbers[::5]
    del numbers[::5]
    words: list[Words | None] = []
    if between:
        last = between.pop()
        words = [_first_words(first), *map(_next_words, between)]
        if None in words or not _is_last(last):
            return None
    elif first != "</annotation>\n":
        return None
    edge = iter(_edges(numbers))
    corners = list(zip(edge, edge, edge, edge, strict=True))
    filename, source, width, height, depth, segmented = head.groups()
    return VocFile(filename, source, width, height, depth, cast("list[Words]", words), corners, segmented)


def _edges(numbers: list[str]) -> Sequence[Edge]:
    try:
        return _plain_ints(f"[{','.join(numbers)}]")
    except msgspec.MsgspecError:
        return list(map(_edge, numbers))


def _edge(text: str | None) -> Edge:
    return int(text) if text is not None and _PLAIN_INT.fullmatch(text) else text


@lru_cache(maxsize=1 << 12)
def _first_words(text: str) -> Words | None:
    """The words of a file's first object; None if the text before its numbers has not the usual shape."""
    return _words(_FIRST.fullmatch(text))


@lru_cache(maxsize=1 << 14)
def _next_words(text: str) -> Words | None:
    """The words of an object from the text between the numbers of the one before and its own, or None likewise."""
    return _words(_BETWEEN.fullmatch(text))


def _words(found: re.Match[str] | None) -> Words | None:
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
    objects = root.findall("object")
    text = root.findtext
    return VocFile(
        text("filename"),
        text("source/annotation"),
        text("size/width"),
        text("size/height"),
        text("size/depth"),
        [_texts(element, "name", "pose", "truncated", "difficult") for element in objects],
        [_corners(element) for element in objects],
        text("segmented"),
        {place: _rotated(box) for place, one in enumerate(objects) if (box := one.find("robndbox")) is not None},
    )


def _corners(element: etree._Element) -> Corners:
    x0, y0, x1, y1 = _texts(element, "bndbox/xmin", "bndbox/ymin", "bndbox/xmax", "bndbox/ymax")
    return _edge(x0), _edge(y0), _edge(x1), _edge(y1)


def _rotated(element: etree._Element) -> tuple[str | None, ...]:
    return tuple(element.findtext(name) for name in ("cx", "cy", "w", "h", "angle"))


def _texts(element: etree._Element, *paths: str) -> Words:
    first, second, third, fourth = (element.findtext(path) for path in paths)
    return first, second, third, fourth
