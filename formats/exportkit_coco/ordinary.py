"""Ordinary objects by a short way: their texts come from the compiled core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from exportkit.errors import AnnotationFault
from exportkit.native import core
from exportkit.records import Annotation, Box, LazyRegion
from exportkit.writing import written
from exportkit.writing.attributes import attribute_text
from exportkit_coco.options import CocoOptions

if TYPE_CHECKING:
    from exportkit.native._core import CocoTexts

__all__ = ["object_texts"]


def object_texts(
    options: CocoOptions, categories: Mapping[str | None, int], max_pixels: int, *, rectangle: bool
) -> CocoTexts | None:
    """The compiled maker of what follows the ids of an entry; None where there is none, or the options ask for more.

    Its twin is the general way of the writer: an annotation that it takes has the text and the outcome that it has
    there, and every other one is left to that.
    """
    if core is None or options.precision is not None or options.source_ids:
        return None
    outcomes = {"polygon": written(), "box": written("N_BOX_AS_POLYGON") if rectangle else written()}
    if options.masks == "rle":
        outcomes["mask"] = written()
    made: CocoTexts = core.CocoTexts(
        annotation=Annotation,
        box=Box,
        region=LazyRegion,
        heads={
            label: b',"category_id":%d,"bbox":[' % number for label, number in categories.items() if label is not None
        },
        outcomes=outcomes,
        attributes=_attributes,
        rectangle=rectangle,
        lists_runs=options.rle == "uncompressed",
        most_pixels=max_pixels,
    )
    return made


def _attributes(attributes: Mapping[str, Any]) -> bytes | None:
    try:
        text = attribute_text(attributes, {}, ascii_only=True)
    except AnnotationFault:
        return None
    return b"" if text == "{}" else b',"attributes":%b' % text.encode("ascii")
