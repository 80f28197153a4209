"""Payloads from and to Pascal VOC."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.converters.pascal.from_dm import (
    FromDMToPascalConverter,
    collect_pascal_class_names,
)
from exportkit.compat.synapse_sdk.utils.converters.pascal.planes import (
    VOC_MAX_INDEX,
    decode_dm_mask,
    rasterize_polygon,
    voc_palette,
)
from exportkit.compat.synapse_sdk.utils.converters.pascal.to_dm import PascalToDMConverter

__all__ = [
    "VOC_MAX_INDEX",
    "FromDMToPascalConverter",
    "PascalToDMConverter",
    "collect_pascal_class_names",
    "decode_dm_mask",
    "rasterize_polygon",
    "voc_palette",
]
