"""Options of the CSV writer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exportkit.writing import WriterOptions

__all__ = ["CsvOptions"]


class CsvOptions(WriterOptions):
    """``--to csv:key=value,…`` (formats, section 5.4)."""

    dialect: Literal["long", "retinanet", "tfod"] = Field(
        default="long",
        description="The table's columns and the tools that read it.",
    )
    bom: bool = Field(
        default=False,
        description="Put a byte-order mark before each table, as some spreadsheets want it.",
    )
    eol: Literal["lf", "crlf"] = Field(
        default="lf",
        description="Line ends.",
    )
    raw: bool = Field(
        default=False,
        description="Leave text that a spreadsheet takes for a formula as it is.",
    )
    #: Round every pixel value to so many decimals; by default values stay as the source gave them.
    precision: int | None = Field(default=None, ge=0, le=9)
    names: Literal["tree", "flat"] = Field(
        default="tree",
        description="tree keeps the folders of the source names.",
    )
    segmentation: Literal["instance", "exclude"] = Field(
        default="instance",
        description="exclude leaves polygons and masks out.",
    )
