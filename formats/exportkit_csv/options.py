"""Options of the CSV writer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from exportkit.writing import WriterOptions

__all__ = ["CsvOptions", "Dialect"]

Dialect = Literal["long", "parquet", "retinanet", "tfod", "openimages", "via", "automl"]


class CsvOptions(WriterOptions):
    """``--to csv:key=value,…`` (formats, section 5.4)."""

    # First, since the others are judged by it.
    dialect: Dialect = Field(
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
        description="tree keeps the folders of the source names; openimages is always flat.",
    )
    prefix: str = Field(
        default="",
        description="automl: what stands before each path, as gs://bucket/folder.",
    )
    segmentation: Literal["instance", "exclude"] = Field(
        default="instance",
        description="exclude leaves polygons and masks out.",
    )

    @field_validator("prefix")
    @classmethod
    def _prefix_of_automl(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("dialect") != "automl":
            raise ValueError("only dialect=automl puts a prefix before paths")
        if any(ord(char) < 32 for char in value):
            raise ValueError("a prefix of paths holds no control character")
        return value if not value or value.endswith("/") else f"{value}/"

    @field_validator("names")
    @classmethod
    def _names_of_openimages(cls, value: str, info: ValidationInfo) -> str:
        if value == "tree" and info.data.get("dialect") == "openimages":
            raise ValueError("an ImageID of dialect=openimages is a name without folders; leave the option out")
        return value

    @field_validator("bom", "eol", "raw")
    @classmethod
    def _text_only(cls, value: bool | str, info: ValidationInfo) -> bool | str:
        if value not in {False, "lf"} and info.data.get("dialect") == "parquet":
            raise ValueError("dialect=parquet is no text")
        return value
