"""An annotation file as a stranger reads it."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Unreadable", "VocFile", "VocObject", "read_quickly", "read_thoroughly", "read_voc_file"]

#: name, pose, truncated, difficult, xmin, ymin, xmax, ymax: their texts, None where the element is absent.
VocObject = tuple[
    str | None, str | None, str | None, str | None, str | None, str | None, str | None, str | None
]


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
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?+"
_OBJECT = rf"""\t<object>
\t\t<name>({_TEXT})</name>
\t\t<pose>({_TEXT})</pose>
\t\t<truncated>({_TEXT})</truncated>
\t\t<difficult>({_TEXT})</difficult>
(?:\t\t<occluded>{_TEXT}</occluded>
)?+\t\t<bndbox>
\t\t\t<xmin>({_NUMBER})</xmin>
\t\t\t<ymin>({_NUMBER})</ymin>
\t\t\t<xmax>({_NUMBER})</xmax>
\t\t\t<ymax>({_NUMBER})</ymax>
\t\t</bndbox>
(?:\t\t<attributes>
(?:\t\t\t<attribute>
\t\t\t\t<name>{_TEXT}</name>
\t\t\t\t<value>{_TEXT}</value>
\t\t\t</attribute>
)*+\t\t</attributes>
)?+\t</object>
"""
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
_ONE_OBJECT = re.compile(_OBJECT, re.ASCII)
_TAIL = "</annotation>\n"


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
    if head is None or not text.endswith(_TAIL):
        return None
    # Objects that follow each other without a gap leave the closing tag and nothing else.
    pieces = _ONE_OBJECT.split(text[head.end() :])
    if pieces[-1] != _TAIL or any(pieces[:-1:9]):
        return None
    columns = [pieces[place::9] for place in range(1, 9)]
    return VocFile(*head.groups(), list(zip(*columns, strict=True)))


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
    paths = ("filename", "source/annotation", "size/width", "size/height", "size/depth")
    return VocFile(*(root.findtext(path) for path in paths), objects)


def _object_of(element: object) -> VocObject:
    text = element.findtext  # type: ignore[attr-defined]
    return (
        text("name"), text("pose"), text("truncated"), text("difficult"),
        text("bndbox/xmin"), text("bndbox/ymin"), text("bndbox/xmax"), text("bndbox/ymax"),
    )  # fmt: skip
