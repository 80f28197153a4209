"""Converters of payloads from and to the formats of datasets."""

from __future__ import annotations

from typing import Any

from exportkit.compat.synapse_sdk.utils.annotation_models.dm import DMVersion
from exportkit.compat.synapse_sdk.utils.converters.base import (
    BaseConverter,
    DatasetFormat,
    FromDMConverter,
    ToDMConverter,
)
from exportkit.compat.synapse_sdk.utils.converters.classification import flatten_classification_classes
from exportkit.compat.synapse_sdk.utils.converters.coco import COCOToDMConverter, FromDMToCOCOConverter
from exportkit.compat.synapse_sdk.utils.converters.imagefolder import FromDMToImageFolderConverter
from exportkit.compat.synapse_sdk.utils.converters.pascal import FromDMToPascalConverter, PascalToDMConverter
from exportkit.compat.synapse_sdk.utils.converters.yolo import FromDMToYOLOConverter, YOLOToDMConverter

__all__ = [
    "BaseConverter",
    "COCOToDMConverter",
    "DatasetFormat",
    "FromDMConverter",
    "FromDMToCOCOConverter",
    "FromDMToImageFolderConverter",
    "FromDMToPascalConverter",
    "FromDMToYOLOConverter",
    "PascalToDMConverter",
    "ToDMConverter",
    "YOLOToDMConverter",
    "flatten_classification_classes",
    "get_converter",
    "requires_source_for_format",
]

_PAYLOADS = (DatasetFormat.DM_V1, DatasetFormat.DM_V2)
_FROM_PAYLOADS: dict[DatasetFormat, type[FromDMConverter]] = {
    DatasetFormat.YOLO: FromDMToYOLOConverter,
    DatasetFormat.COCO: FromDMToCOCOConverter,
    DatasetFormat.PASCAL: FromDMToPascalConverter,
    DatasetFormat.IMAGEFOLDER: FromDMToImageFolderConverter,
}
_TO_PAYLOADS: dict[DatasetFormat, type[ToDMConverter]] = {
    DatasetFormat.YOLO: YOLOToDMConverter,
    DatasetFormat.COCO: COCOToDMConverter,
    DatasetFormat.PASCAL: PascalToDMConverter,
}


def get_converter(source: DatasetFormat | str, target: DatasetFormat | str, **kwargs: Any) -> BaseConverter:
    """Make the converter from one format to another; ``kwargs`` go to it (``root_dir``, ``is_categorized``, …).

    Payloads are read and written in the schema that the format names, unless ``dm_version`` says another. Raises
    ValueError where there is none.
    """
    source, target = DatasetFormat(source), DatasetFormat(target)
    found: type[FromDMConverter | ToDMConverter] | None = None
    if source in _PAYLOADS:
        found = _FROM_PAYLOADS.get(target)
    elif target in _PAYLOADS:
        found = _TO_PAYLOADS.get(source)
    if found is None:
        raise ValueError(f"Nothing converts {source.value} to {target.value}; payloads convert to and from formats.")
    version = source if source in _PAYLOADS else target
    return found(**{"dm_version": DMVersion(version.removeprefix("dm_")), **kwargs})


def requires_source_for_format(export_format: str | None) -> bool:
    """Whether an export to a format needs the content of the pictures; True for one that nothing knows."""
    known = {name.value: converter for name, converter in _FROM_PAYLOADS.items()}
    converter = known.get((export_format or "").lower())
    return True if converter is None else converter.requires_source
