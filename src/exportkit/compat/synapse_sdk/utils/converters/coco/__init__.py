"""Payloads from and to COCO."""

from __future__ import annotations

from exportkit.compat.synapse_sdk.utils.converters.coco.from_dm import CocoConversionResult, FromDMToCOCOConverter
from exportkit.compat.synapse_sdk.utils.converters.coco.run_lengths import decode_coco_rle, encode_coco_rle
from exportkit.compat.synapse_sdk.utils.converters.coco.to_dm import COCOToDMConverter

__all__ = [
    "COCOToDMConverter",
    "CocoConversionResult",
    "FromDMToCOCOConverter",
    "decode_coco_rle",
    "encode_coco_rle",
]
