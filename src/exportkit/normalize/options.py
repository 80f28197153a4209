"""How the source is to be read: the options after ``--input``."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, field_serializer, field_validator

from exportkit.records import Skeleton

__all__ = ["InputOptions"]

_ROTATION_WORDS = (frozenset({"center", "topleft"}), frozenset({"cw", "ccw"}), frozenset({"rad", "deg"}))


class InputOptions(BaseModel):
    """Options of reading (``input.*``, formats, section 0). Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    #: Words of formats, section 1.2, joined by ``-``: pivot, direction, unit. Missing words take the default.
    rotation: str = "center-cw-rad"
    #: On which pixels the geometry was drawn.
    geometry_space: Literal["display", "stored"] = "display"
    #: Field that holds the group of a record, looked for in the line, its data unit and its data.
    group_by: str | None = None
    #: With ``--split-by random``: units of each rarest class are cut by themselves.
    stratify: Literal["label"] | None = None
    #: Records without any annotation: ``reviewed`` drops those that are not completed, ``drop`` all.
    negatives: Literal["keep", "reviewed", "drop"] = "keep"
    #: Skeleton of all key points. The option's word names a file, which is read before any record is
    #: (:func:`exportkit.normalize.read_skeleton`), so that its content, not its place, decides the output.
    skeleton: Skeleton | None = None

    @field_validator("rotation")
    @classmethod
    def _known_words(cls, value: str) -> str:
        words = value.split("-")
        families = [index for word in words for index, family in enumerate(_ROTATION_WORDS) if word in family]
        if len(families) != len(words) or len(set(families)) != len(families):
            raise ValueError("rotation takes one word each of center|topleft, cw|ccw, rad|deg, joined by '-'")
        return value

    @field_serializer("skeleton")
    def _plain(self, skeleton: Skeleton | None) -> Any:
        return msgspec.to_builtins(skeleton)

    @property
    def rotation_words(self) -> frozenset[str]:
        """The words of :attr:`rotation` that differ from the default."""
        return frozenset(self.rotation.split("-")) & {"topleft", "ccw", "deg"}
