"""The templates give what the XML library gives, and the quick reading reads what the thorough one reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from exportkit.records import Annotation
from exportkit_voc.annotation_xml import DOCUMENT_END, attributes_xml, document_head, object_head, object_xml
from exportkit_voc.xml_file import Unreadable, read_quickly, read_thoroughly, read_voc_file
from exportkit_voc.xml_text import escaped, is_representable

#: Every text that XML 1.0 can hold, markup, blanks and line ends among the likelier ones.
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("<>&'\"\t\n\r ]]>")).filter(is_representable)
numbers = st.integers(0, 99_999)


def template(filename: str, name: str, attributes: dict[str, str], corners: tuple[int, int, int, int]) -> bytes:
    annotation = Annotation(0, "box", name, attributes=attributes, occluded=True)
    made, dropped = attributes_xml(annotation)
    assert not dropped
    item = object_xml(object_head(name), annotation, 1, corners, made)
    return document_head("VOC2012", "coords=one").of(filename, 100, 80, 3) + item.encode() + DOCUMENT_END


def library(filename: str, name: str, attributes: dict[str, str], corners: tuple[int, int, int, int]) -> bytes:
    def add(parent: etree._Element, tag: str, text: object = None) -> etree._Element:
        element = etree.SubElement(parent, tag)
        element.text = None if text is None else str(text)
        return element

    root = etree.Element("annotation")
    add(root, "folder", "VOC2012")
    add(root, "filename", filename)
    source = add(root, "source")
    for tag, text in (("database", "exportkit"), ("annotation", "coords=one"), ("image", "unknown")):
        add(source, tag, text)
    size = add(root, "size")
    for tag, number in (("width", 100), ("height", 80), ("depth", 3)):
        add(size, tag, number)
    add(root, "segmented", 0)
    item = add(root, "object")
    for tag, word in (("name", name), ("pose", "Unspecified"), ("truncated", 0), ("difficult", 1), ("occluded", 1)):
        add(item, tag, word)
    bndbox = add(item, "bndbox")
    for tag, number in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True):
        add(bndbox, tag, number)
    if attributes:
        parent = add(item, "attributes")
        for key, value in attributes.items():
            attribute = add(parent, "attribute")
            add(attribute, "name", key)
            add(attribute, "value", value)
    etree.indent(root, "\t")
    return etree.tostring(root, encoding="UTF-8") + b"\n"


documents = st.tuples(texts, texts, st.dictionaries(texts, texts, max_size=3), st.tuples(*[numbers] * 4))


@settings(max_examples=100)
@given(documents)
def test_the_template_equals_the_library_for_every_text(
    parts: tuple[str, str, dict[str, str], tuple[int, int, int, int]],
) -> None:
    made, wanted = template(*parts), library(*parts)

    assert etree.tostring(etree.fromstring(made), method="c14n") == etree.tostring(
        etree.fromstring(wanted), method="c14n"
    )
    filename, name, attributes, _ = parts
    if not any(char in text for text in (filename, name, *attributes, *attributes.values()) for char in "\t\n"):
        assert made == wanted


@given(texts)
def test_every_text_comes_back(text: str) -> None:
    assert (etree.fromstring(f"<a>{escaped(text)}</a>".encode()).text or "") == text


def test_line_ends_and_tabs_are_references() -> None:
    assert escaped("a\tb\nc\rd") == "a&#9;b&#10;c&#13;d"


@settings(max_examples=100)
@given(documents, st.sampled_from(["", "<object/>", "<!-- -->", " "]), st.integers(0, 2000))
def test_quick_reading_equals_thorough_reading_or_declines(
    parts: tuple[str, str, dict[str, str], tuple[int, int, int, int]], inserted: str, place: int
) -> None:
    data = template(*parts)
    place = min(place, len(data))
    data = data[:place] + inserted.encode() + data[place:]

    try:
        thorough = read_thoroughly(data)
    except Unreadable:
        assert not data.isascii() or read_quickly(data) is None
        return
    quick = read_quickly(data) if data.isascii() else None
    assert quick is None or quick == thorough


def test_the_usual_shape_is_read_quickly() -> None:
    parts = ("x.jpg", "traffic light", {"color": "red", "n": "5"}, (1, 2, 3, 4))

    quick = read_quickly(template(*parts))

    assert quick == read_thoroughly(template(*parts))
    assert quick is not None
    assert quick.words == [("traffic light", "Unspecified", "0", "1")]
    assert quick.corners == [(1, 2, 3, 4)]


spellings = st.sampled_from(
    ["0", "12", "012", "1.5", "1.0", "-1", "1,2", "1 ", "", "1234567890", ".", "1e3", "[1]", "1_0"]
)


@settings(max_examples=100)
@given(st.lists(st.tuples(*[spellings] * 4), min_size=1, max_size=3))
def test_numbers_of_any_spelling_are_read_alike(boxes: list[tuple[str, str, str, str]]) -> None:
    annotation = Annotation(0, "box", "cat")
    items = "".join(object_xml(object_head("cat"), annotation, 0, corners, "") for corners in boxes)
    data = document_head("VOC2012", "coords=one").of("x.jpg", 100, 80, 3) + items.encode() + DOCUMENT_END

    quick = read_quickly(data)

    thorough = read_thoroughly(data)
    assert quick is None or quick == thorough
    assert [tuple(map(str, corners)) for corners in thorough.corners] == boxes


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<annotation>",
        b"<annotations/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>',
        b'<!DOCTYPE annotation SYSTEM "http://example.invalid/a.dtd"><annotation/>',
        b"<annotation>&unknown;</annotation>",
        b"<annotation>\x01</annotation>",
        b"\xff\xfe",
    ],
)
def test_what_careful_readers_refuse_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_voc_file(data)
