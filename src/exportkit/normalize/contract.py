"""What a normaliser implements: one payload schema to records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from exportkit.normalize.item import Item
from exportkit.normalize.options import InputOptions
from exportkit.records import Record

__all__ = ["Normalizer"]


class Normalizer(ABC):
    """Turns the payload of one item into records. Pure; made once per process, called in any order.

    The first normaliser that recognises a payload gets it; those of plugins are asked after the built-in ones.
    """

    #: Name of the payload schema; lower-case letters, digits, ``-`` and ``_``.
    name: ClassVar[str]
    #: Version of the plugin interface the normaliser is made for.
    api_version: ClassVar[int] = 1

    @classmethod
    @abstractmethod
    def recognises(cls, data: Mapping[str, Any]) -> bool:
        """Whether ``data`` (the bare payload, wrappers taken off) is of this schema. Looks at few keys only."""

    @abstractmethod
    def normalise(self, item: Item, options: InputOptions) -> list[Record]:
        """The records of ``item``, media in natural order.

        What is wrong with one annotation becomes a ``Rejected`` entry or a fault inside the annotation.
        Raise :class:`~exportkit.errors.RecordFault` where the whole item cannot be read.
        """
