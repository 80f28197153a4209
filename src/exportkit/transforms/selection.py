"""Annotations and records chosen by area, attributes and the state of their review."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from exportkit.errors import AnnotationFault
from exportkit.records import Annotation, Box, LazyRegion, Mask, Polygon, Record, RotatedBox
from exportkit.writing.attributes import read_attributes

__all__ = ["MinimumArea", "ReviewState", "Where", "minimum_area", "review_state", "where"]


class MinimumArea(msgspec.Struct, frozen=True):
    """Drops objects that cover less than so many square pixels, as they were drawn, before any clipping.

    What covers no area (points, tags, captions …), and what cannot be read, is kept.
    """

    name: ClassVar[str] = "minimum_area"
    pixels: float

    def __call__(self, record: Record) -> Record:
        kept = tuple(a for a in record.annotations if (area := _area(a)) is None or area >= self.pixels)
        return record if len(kept) == len(record.annotations) else msgspec.structs.replace(record, annotations=kept)

    def plain(self) -> Any:
        """The value in a recipe."""
        return self.pixels


class Where(msgspec.Struct, frozen=True):
    """Keeps annotations whose attribute has a value as asked; each condition that is given must hold."""

    name: ClassVar[str] = "where"
    attribute: str
    equals: Any = msgspec.UNSET
    one_of: tuple[Any, ...] | msgspec.UnsetType = msgspec.UNSET
    minimum: float | msgspec.UnsetType = msgspec.UNSET
    maximum: float | msgspec.UnsetType = msgspec.UNSET
    #: Whether the attribute must be there; a condition on its value asks for that, too.
    present: bool = True

    def __call__(self, record: Record) -> Record:
        kept = tuple(annotation for annotation in record.annotations if self._holds(annotation))
        return record if len(kept) == len(record.annotations) else msgspec.structs.replace(record, annotations=kept)

    def _holds(self, annotation: Annotation) -> bool:
        try:
            attributes = read_attributes(annotation.attributes)
        except AnnotationFault:
            return True  # its writer says what is wrong with it
        if self.attribute not in attributes:
            return not self.present
        value = attributes[self.attribute]
        return self.present and (
            (self.equals is msgspec.UNSET or _same(value, self.equals))
            and (self.one_of is msgspec.UNSET or any(_same(value, wanted) for wanted in self.one_of))
            and (self.minimum is msgspec.UNSET or (_is_number(value) and value >= self.minimum))
            and (self.maximum is msgspec.UNSET or (_is_number(value) and value <= self.maximum))
        )

    def plain(self) -> Any:
        """The value in a recipe."""
        return {
            field: getattr(self, field) for field in self.__struct_fields__ if getattr(self, field) is not msgspec.UNSET
        }


class ReviewState(msgspec.Struct, frozen=True):
    """Keeps records whose ``status_label`` is one of these; a record that says none is dropped."""

    name: ClassVar[str] = "review_state"
    states: frozenset[str]

    def __call__(self, record: Record) -> bool:
        return record.status in self.states

    def plain(self) -> Any:
        """The value in a recipe."""
        return sorted(self.states)


def minimum_area(pixels: float) -> MinimumArea:
    """Drop objects smaller than so many square pixels."""
    return MinimumArea(pixels)


def where(attribute: str, **conditions: Any) -> Where:
    """Keep annotations by an attribute: ``equals``, ``one_of``, ``minimum``, ``maximum``, ``present``."""
    if isinstance(conditions.get("one_of"), Iterable):
        conditions["one_of"] = tuple(conditions["one_of"])
    return Where(attribute, **conditions)


def review_state(*states: str) -> ReviewState:
    """Keep records in one of these states of review."""
    return ReviewState(frozenset(states))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    """Equal, where a flag is no number."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _area(annotation: Annotation) -> float | None:
    """Square pixels of what was drawn; None where nothing tells."""
    try:
        region = annotation.region.get() if isinstance(annotation.region, LazyRegion) else annotation.region
    except AnnotationFault:
        return None
    if isinstance(region, Polygon):
        return float(region.area())
    if isinstance(region, Mask):
        return float(region.pixel_count())
    shape = annotation.geometry if annotation.kind == "rotated_box" else annotation.box
    return float(shape.area()) if isinstance(shape, (Box, RotatedBox)) else None
