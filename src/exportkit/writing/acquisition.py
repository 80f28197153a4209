"""What is asked of plugins before data are acquired, and what they answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["AcquisitionNeeds", "AcquisitionRequest"]


@dataclass(frozen=True, slots=True)
class AcquisitionRequest:
    """An export that is about to acquire its items. The same however the items are acquired."""

    #: ``task``, ``assignment``, ``ground_truth``, or the name of a plugin's own target.
    target: str
    #: Names of the formats that will be written, in their order; empty for an exporter that writes by itself.
    formats: tuple[str, ...]
    #: Whether original files are to lie in the export.
    keeps_originals: bool


@dataclass(frozen=True, slots=True)
class AcquisitionNeeds:
    """What of a data unit has to be at hand while an item is converted. Needs of several plugins add up."""

    #: The original files go into the output.
    originals: bool = False
    #: The bytes of the originals are looked into: formats, depth, transparency.
    content: bool = False
    #: Width and height, which come from the header of an original where the item does not declare them.
    sizes: bool = False
    #: The classes of the project, known before the first item.
    classes: bool = False

    @classmethod
    def together(cls, needs: Iterable[AcquisitionNeeds]) -> AcquisitionNeeds:
        """The sum of several."""
        told = list(needs)
        return cls(
            originals=any(need.originals for need in told),
            content=any(need.content for need in told),
            sizes=any(need.sizes for need in told),
            classes=any(need.classes for need in told),
        )

    @property
    def source(self) -> bool:
        """Whether originals have to be acquired at all: as files, for their content, or for their sizes."""
        return self.originals or self.content or self.sizes
