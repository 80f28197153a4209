"""What both schemas of payloads share."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel

__all__ = ["DMAttribute", "DMVersion"]


class DMVersion(StrEnum):
    """The schema of a payload."""

    V1 = "v1"
    V2 = "v2"


class DMAttribute(BaseModel):
    """A named value beside the class."""

    name: str
    value: str | int | float | bool | list[str]
