"""Options of the Pascal VOC writer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from exportkit.writing import WriterOptions

__all__ = ["Coordinates", "VocOptions"]

Coordinates = Literal["one", "zero", "float"]


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


class VocOptions(WriterOptions):
    """``--to voc:key=value,…`` (formats, section 5.3)."""

    #: ``detect`` writes boxes and ``ImageSets/Main``.
    task: Literal["detect"] = "detect"
    #: ``one``: ints, 1-based, both ends inclusive; ``zero``: ints, 0-based, half-open; ``float``: unrounded, 0-based.
    coords: Coordinates = "one"
    #: Year in folder names.
    year: Annotated[Literal["2007", "2008", "2009", "2010", "2012"], BeforeValidator(_as_text)] = "2012"
    #: ``flat`` omits ``VOCdevkit/VOC<year>``.
    root: Literal["devkit", "flat"] = "devkit"
    #: ``transcode`` makes JPEGs of other pictures, since loaders append ``.jpg`` to the id.
    images: Literal["keep", "transcode"] = "keep"
