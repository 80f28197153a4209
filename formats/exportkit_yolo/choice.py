"""The format chosen in Python."""

from __future__ import annotations

from typing import ClassVar

from exportkit.writing import FormatChoice, Writer
from exportkit_yolo.writer import YoloWriter

__all__ = ["Yolo"]


class Yolo(FormatChoice):
    """``yolo`` as an output of :class:`exportkit.Export`; options as after ``--to yolo:``."""

    writer: ClassVar[type[Writer]] = YoloWriter
