"""Rotated boxes in the file, and the measure of boxes that stand for other shapes."""

from __future__ import annotations

import math
from typing import Any

import pytest
from lxml import etree

from exportkit.errors import AnnotationFault
from exportkit.records import Annotation, Box, Part, Polygon, Record, RotatedBox
from exportkit.writing import Encoded, Placement
from exportkit_voc.writer import VocWriter

TURNED = Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40.5, 20, 10, math.pi / 4))
TRIANGLE = Annotation(0, "polygon", "cat", box=Box(10, 10, 20, 20), region=Polygon((Part((10, 10, 30, 10, 10, 30)),)))


def encode(writer: VocWriter, *annotations: Annotation, measured: bool = False) -> Encoded:
    record = Record(1, annotations, name="x.jpg", width=100, height=80)
    return writer.encode(record, Placement("train", "x.jpg", "x", 0, measured=measured))


def thing(encoded: Encoded) -> etree._Element:
    (found,) = etree.fromstring(encoded.files[0][1]).iterfind("object")
    return found


def test_a_rotated_box_stands_whole_beside_its_enclosing_box(make_writer: Any) -> None:
    encoded = encode(make_writer(robndbox="yes"), TURNED)

    element = thing(encoded)
    assert [child.tag for child in element][-2:] == ["bndbox", "robndbox"]
    found = [(child.tag, child.text) for child in element.iterfind("robndbox/*")]
    assert found == [("cx", "50"), ("cy", "40.5"), ("w", "20"), ("h", "10"), ("angle", repr(math.pi / 4))]
    assert [child.text for child in element.iterfind("bndbox/*")] == ["40", "31", "61", "51"]
    assert encoded.outcomes[0].codes == ()


def test_a_rotated_box_over_the_edge_loses_nothing_where_it_stands_whole(make_writer: Any) -> None:
    over = Annotation(0, "rotated_box", "cat", geometry=RotatedBox(0, 0, 20, 10, 0.5))

    plain, whole = (encode(make_writer(robndbox=word), over) for word in ("no", "yes"))

    assert plain.outcomes[0].codes == ("L_CLIPPED", "L_ROTATION_FLATTENED")
    assert whole.outcomes[0].codes == ()
    assert thing(whole).findtext("robndbox/cx") == "0"


def test_attributes_follow_the_rotated_box_and_other_kinds_have_none(make_writer: Any) -> None:
    coloured = Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40, 9, 7, 1), attributes=b'{"a":"b"}')
    writer = make_writer(robndbox="yes")

    assert [child.tag for child in thing(encode(writer, coloured))][-2:] == ["robndbox", "attributes"]
    assert thing(encode(writer, TRIANGLE)).find("robndbox") is None


def test_tiny_numbers_have_no_exponent(make_writer: Any) -> None:
    tiny = Annotation(0, "rotated_box", "cat", geometry=RotatedBox(50, 40, 9, 7, 1e-7))

    assert thing(encode(make_writer(robndbox="yes"), tiny)).findtext("robndbox/angle") == "0.0000001"


def test_a_sampled_record_has_its_boxes_measured_against_the_shapes(make_writer: Any) -> None:
    plain = Annotation(0, "box", "cat", box=Box(1, 1, 5, 5))

    encoded = encode(make_writer(), TRIANGLE, plain, TURNED, measured=True)

    (first, code, share), (second, other, _) = encoded.overlaps
    assert (first, code, share) == (0, "L_REGION_DROPPED", 0.5)
    assert (second, other) == (2, "L_ROTATION_FLATTENED")
    assert encode(make_writer(), TRIANGLE, plain, TURNED).overlaps == ()


def test_a_shape_that_cannot_be_read_costs_its_measure_only(make_writer: Any) -> None:
    fault = AnnotationFault("E_POLYGON_ODD", "A ring has pairs of numbers.", ".segmentation[0]")
    broken = Annotation(0, "polygon", "cat", box=Box(10, 10, 20, 20), region=fault)

    encoded = encode(make_writer(), broken, measured=True)

    assert encoded.outcomes[0].codes == ("L_REGION_DROPPED",)
    assert encoded.overlaps == ()


@pytest.mark.parametrize("coords", ["one", "zero", "float"])
def test_a_picture_with_planes_measures_what_it_still_gives_as_boxes(make_writer: Any, coords: str) -> None:
    encoded = encode(make_writer(task="segment", coords=coords), TRIANGLE, TURNED, measured=True)

    assert [(place, code) for place, code, _ in encoded.overlaps] == [(0, "L_RASTERISED"), (1, "L_ROTATION_FLATTENED")]
