"""How the source is to be read: the options after ``--input``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

__all__ = ["InputOptions"]

_ROTATION_WORDS = (frozenset({"center", "topleft"}), frozenset({"cw", "ccw"}), frozenset({"rad", "deg"}))


class InputOptions(BaseModel):
    """Options of reading (``input.*``, formats, section 0). Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Words of formats, section 1.2, joined by ``-``: pivot, direction, unit. Missing words take the default.
    rotation: str = "center-cw-rad"
    #: On which pixels the geometry was drawn.
    geometry_space: Literal["display", "stored"] = "display"
    #: Field that holds the group of a record, looked for in the line, its data unit and its data.
    group_by: str | None = None
    #: File that describes the skeleton of key points.
    skeleton: str | None = None
    #: Names of the skeleton's points, once that file is read.
    skeleton_points: tuple[str, ...] | None = None

    @field_validator("rotation")
    @classmethod
    def _known_words(cls, value: str) -> str:
        words = value.split("-")
        families = [index for word in words for index, family in enumerate(_ROTATION_WORDS) if word in family]
        if len(families) != len(words) or len(set(families)) != len(families):
            raise ValueError("rotation takes one word each of center|topleft, cw|ccw, rad|deg, joined by '-'")
        return value

    @property
    def rotation_words(self) -> frozenset[str]:
        """The words of :attr:`rotation` that differ from the default."""
        return frozenset(self.rotation.split("-")) & {"topleft", "ccw", "deg"}
