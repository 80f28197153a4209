"""One picture's annotation as XML text, made by escaped templates (formats, section 5.3).

The templates give byte for byte what lxml gives with tabs for indentation, apart from TAB and LF in texts,
which stand as references here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from exportkit.records import Annotation, RotatedBox, decimal_text
from exportkit.writing.attributes import read_attributes
from exportkit.writing.column_texts import column_texts
from exportkit_voc.xml_text import escaped

__all__ = [
    "DOCUMENT_END",
    "PLAIN_SEPARATORS",
    "DocumentHead",
    "attributes_xml",
    "document_head",
    "object_head",
    "object_xml",
    "plain_attributes",
    "plain_head",
    "rotated_xml",
]

#: What stands behind the objects.
DOCUMENT_END = b"</annotation>\n"
_DOCUMENT = """<annotation>
\t<folder>%s</folder>
\t<filename>%s</filename>
\t<source>
\t\t<database>exportkit</database>
\t\t<annotation>%s</annotation>
\t\t<image>unknown</image>
\t</source>
\t<size>
\t\t<width>"""
_HEAD = """\t<object>
\t\t<name>%s</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>"""
#: What stands between the numbers of an object, behind them, and behind the attributes.
PLAIN_SEPARATORS = (
    b"</xmin>\n\t\t\t<ymin>",
    b"</ymin>\n\t\t\t<xmax>",
    b"</xmax>\n\t\t\t<ymax>",
    b"</ymax>\n\t\t</bndbox>\n",
    b"\t</object>\n",
)
_OCCLUDED = "\t\t<occluded>1</occluded>\n"
_ROTATED = """\t\t<robndbox>
\t\t\t<cx>%s</cx>
\t\t\t<cy>%s</cy>
\t\t\t<w>%s</w>
\t\t\t<h>%s</h>
\t\t\t<angle>%s</angle>
\t\t</robndbox>
"""
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
#: Types of values that become null only where they are None.
_SIMPLE = frozenset({str, bool, int, type(None)})
#: Half a character, an integer beyond 64 bits, what is no JSON, and endless depth.
_UNENCODABLE = (ValueError, OverflowError, TypeError, RecursionError)

_encoded = msgspec.json.Encoder().encode
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Corners = tuple[int | str, int | str, int | str, int | str]


def document_head(folder: str, mode: str) -> DocumentHead:
    """Makes the beginnings of all files of a dataset, from the name of the year's folder and the coordinate mode."""
    return DocumentHead(*(_DOCUMENT % (folder, "\0", mode)).split("\0"))


class DocumentHead:
    """Makes what stands before the objects, from the file name and the size of the picture."""

    def __init__(self, before: str, behind: str) -> None:
        self._before = before
        self._behind = behind
        #: What stands around name, width, height and depth of a picture without planes.
        self._pieces = tuple(piece.encode() for piece in self._text("\0", "\0", "\0", "\0", 0).split("\0"))

    def of(self, filename: str, width: int, height: int, depth: int, segmented: int = 0) -> bytes:
        """UTF-8; ``segmented`` is 1 for a picture with planes.

        Raises ValueError for a file name that XML 1.0 cannot hold.
        """
        return self._text(escaped(filename), width, height, depth, segmented).encode()

    def of_all(
        self, filenames: Sequence[str], widths: Sequence[int], heights: Sequence[int], depths: Sequence[int]
    ) -> list[bytes]:
        """The beginnings of files without planes, for names without a slash. Raises ValueError as :meth:`of`."""
        names = escaped("/".join(filenames)).split("/")
        return column_texts(self._pieces, names, widths, heights, depths)

    def _text(self, name: str, width: object, height: object, depth: object, segmented: int) -> str:
        return (
            f"{self._before}{name}{self._behind}{width}</width>\n\t\t<height>{height}</height>\n"
            f"\t\t<depth>{depth}</depth>\n\t</size>\n\t<segmented>{segmented}</segmented>\n"
        )


def object_head(name: str) -> str:
    """The beginning of every object of a class; raises ValueError for a name that XML 1.0 cannot hold."""
    return _HEAD % escaped(name)


def object_xml(
    head: str, annotation: Annotation, difficult: int, corners: Corners, attributes: str, rotated: str = ""
) -> str:
    """One object from its class's head, its corners as they are to be written, and its other finished elements."""
    xmin, ymin, xmax, ymax = corners
    return (
        f"{head}{int(annotation.truncated)}</truncated>\n"
        f"\t\t<difficult>{difficult}</difficult>\n"
        f"{_OCCLUDED if annotation.occluded else ''}\t\t<bndbox>\n"
        f"\t\t\t<xmin>{xmin}</xmin>\n"
        f"\t\t\t<ymin>{ymin}</ymin>\n"
        f"\t\t\t<xmax>{xmax}</xmax>\n"
        f"\t\t\t<ymax>{ymax}</ymax>\n"
        f"\t\t</bndbox>\n{rotated}{attributes}\t</object>\n"
    )


def rotated_xml(box: RotatedBox) -> str:
    """The ``robndbox`` element: centre and sides in 0-based pixels, the clockwise turn in radians, as in the record."""
    return _ROTATED % tuple(map(decimal_text, (box.cx, box.cy, box.width, box.height, box.theta)))


def plain_head(head: str, difficult: int = 0) -> bytes:
    """The beginning, as far as the first number, of every object of a class that has no other flags."""
    return f"{head}0</truncated>\n\t\t<difficult>{difficult}</difficult>\n\t\t<bndbox>\n\t\t\t<xmin>".encode()


def plain_attributes(attributes: Mapping[str, Any]) -> bytes | None:
    """The ``attributes`` element of usual attributes; None for those that need care."""
    known = _known(attributes)
    return known[0].encode() if known is not None and not known[1] else None


def attributes_xml(annotation: Annotation) -> tuple[str, bool]:
    """The ``attributes`` element, empty where there are none, and whether an attribute could not be written.

    Texts stand as they are, every other value as compact JSON. Score, group, track and frame follow the
    source's own. Raises as :func:`exportkit.writing.attributes.read_attributes` does.
    """
    source = annotation.attributes
    if (
        annotation.score is None
        and annotation.group_id is None
        and annotation.track_id is None
        and annotation.frame is None
    ):
        if not source:
            return "", False
        known = _known(source)
        if known is not None:
            return known
    added = [(name, value) for name in _FIELDS if (value := getattr(annotation, name)) is not None]
    return _rendered((*read_attributes(source).items(), *added))


def _known(source: Any) -> tuple[str, bool] | None:
    """The answer for short attributes, which are remembered because they repeat; None for others."""
    key = source
    if type(source) is dict:
        try:
            key = _encoded(source)
        except _UNENCODABLE:
            return None
        # A number that is not finite becomes null too.
        if b"null" in key and not _SIMPLE.issuperset(map(type, source.values())):
            return None
    return _remembered(key) if type(key) is bytes and len(key) <= _REMEMBERED else None


@lru_cache(maxsize=4096)
def _remembered(source: bytes) -> tuple[str, bool]:
    return _rendered(read_attributes(source).items())


def _rendered(entries: Iterable[tuple[str, Any]]) -> tuple[str, bool]:
    made: list[str] = []
    dropped = False
    for name, value in entries:
        try:
            made.append(_ATTRIBUTE % (escaped(str(name)), escaped(_value_text(value))))
        except ValueError:
            dropped = True
    return _ATTRIBUTES % "".join(made) if made else "", dropped


def _value_text(value: Any) -> str:
    return value if isinstance(value, str) else _JSON(value)
