"""Pictures by their headers and structure alone: size, orientation, format, wholeness. No pixel is decoded."""

from exportkit.pictures.facts import EXTENSIONS, PictureHeader, PictureUnreadable
from exportkit.pictures.header import probe
from exportkit.pictures.structure import (
    WALKED,
    StructureCheck,
    check_structure,
    ends_as_jpeg,
    is_whole,
    jpeg_end_is_last,
)

__all__ = [
    "EXTENSIONS",
    "WALKED",
    "PictureHeader",
    "PictureUnreadable",
    "StructureCheck",
    "check_structure",
    "ends_as_jpeg",
    "is_whole",
    "jpeg_end_is_last",
    "probe",
]
