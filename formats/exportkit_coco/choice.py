"""The format chosen in Python."""

from __future__ import annotations

from typing import ClassVar

from exportkit.writing import FormatChoice, Writer
from exportkit_coco.writer import CocoWriter

__all__ = ["Coco"]


class Coco(FormatChoice):
    """``coco`` as an output of :class:`exportkit.Export`; options as after ``--to coco:``."""

    writer: ClassVar[type[Writer]] = CocoWriter
