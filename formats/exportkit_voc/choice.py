"""The format chosen in Python."""

from __future__ import annotations

from typing import ClassVar

from exportkit.writing import FormatChoice, Writer
from exportkit_voc.writer import VocWriter

__all__ = ["Voc"]


class Voc(FormatChoice):
    """``voc`` as an output of :class:`exportkit.Export`; options as after ``--to voc:``."""

    writer: ClassVar[type[Writer]] = VocWriter
