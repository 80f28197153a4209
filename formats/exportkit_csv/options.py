"""Options of the CSV writer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exportkit.writing import WriterOptions

__all__ = ["CsvOptions"]


class CsvOptions(WriterOptions):
    """``--to csv:key=value,…`` (formats, section 5.4)."""

    #: The table's columns and the tools that read it.
    dialect: Literal["long", "retinanet", "tfod"] = "long"
    #: Put a byte-order mark before each table, as some spreadsheets want it.
    bom: bool = False
    #: Line ends.
    eol: Literal["lf", "crlf"] = "lf"
    #: Leave text that a spreadsheet takes for a formula as it is.
    raw: bool = False
    #: Round every pixel value to so many decimals; by default values stay as the source gave them.
    precision: int | None = Field(default=None, ge=0, le=9)
    #: ``tree`` keeps the folders of the source names.
    names: Literal["tree", "flat"] = "tree"
    #: ``exclude`` leaves polygons and masks out.
    segmentation: Literal["instance", "exclude"] = "instance"
