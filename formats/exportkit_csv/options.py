"""Options of the CSV writer."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from exportkit.writing import ActsIn, WriterOptions

__all__ = ["CsvOptions", "Dialect"]

Dialect = Literal["long", "parquet", "retinanet", "tfod", "openimages", "via", "automl"]


def _all_but(*dialects: Dialect) -> ActsIn:
    return ActsIn(dialect=tuple(dialect for dialect in get_args(Dialect) if dialect not in dialects))


_TEXT = _all_but("parquet")


class CsvOptions(WriterOptions):
    """``--to csv:key=value,…`` (formats, section 5.4)."""

    # First, since the others are judged by it.
    dialect: Dialect = Field(
        default="long",
        description="The table's columns and the tools that read it.",
    )
    bom: Annotated[bool, _TEXT] = Field(
        default=False,
        description="Put a byte-order mark before each table, as some spreadsheets want it.",
    )
    eol: Annotated[Literal["lf", "crlf"], _TEXT] = Field(
        default="lf",
        description="Line ends.",
    )
    raw: Annotated[bool, _TEXT] = Field(
        default=False,
        description="Leave text that a spreadsheet takes for a formula as it is.",
    )
    precision: Annotated[Annotated[int, Field(ge=0, le=9)] | None, _all_but("retinanet")] = Field(
        default=None,
        description="Decimals to which every pixel value is rounded; by default values stay as the source gave them.",
    )
    names: Literal["tree", "flat"] = Field(
        default="tree",
        description="tree keeps the folders of the source names; openimages is always flat.",
    )
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False), ActsIn(dialect=("via",))] = Field(
        default=0.0,
        description="Pixels by which the outline of a mask may leave the edges of its pixels; 0 keeps every corner.",
    )
    prefix: Annotated[str, ActsIn(dialect=("automl",))] = Field(
        default="",
        description="What stands before each path, as gs://bucket/folder.",
    )
    segmentation: Literal["instance", "exclude"] = Field(
        default="instance",
        description="exclude leaves polygons and masks out.",
    )

    @field_validator("prefix")
    @classmethod
    def _as_folder(cls, value: str) -> str:
        if any(ord(char) < 32 for char in value):
            raise ValueError("a prefix of paths holds no control character")
        return value if not value or value.endswith("/") else f"{value}/"

    @field_validator("names")
    @classmethod
    def _names_of_openimages(cls, value: str, info: ValidationInfo) -> str:
        if value == "tree" and info.data.get("dialect") == "openimages":
            raise ValueError("an ImageID of dialect=openimages is a name without folders; leave the option out")
        return value
