"""Payloads from one schema to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exportkit.compat.synapse_sdk.utils.converters.dm.from_v1 import DMV1ToV2Converter
from exportkit.compat.synapse_sdk.utils.converters.dm.to_v1 import DMV2ToV1Converter
from exportkit.compat.synapse_sdk.utils.converters.dm.types import AnnotationMeta, V2AnnotationData, V2ConversionResult

__all__ = ["AnnotationMeta", "V2AnnotationData", "V2ConversionResult", "convert_v1_to_v2", "convert_v2_to_v1"]


def convert_v1_to_v2(v1_data: Mapping[str, Any]) -> V2ConversionResult:
    """Part a payload of the first schema; see :meth:`DMV1ToV2Converter.convert`."""
    return DMV1ToV2Converter().convert(v1_data)


def convert_v2_to_v1(v2_data: Mapping[str, Any], annotation_meta: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Join the parts again; see :meth:`DMV2ToV1Converter.convert`."""
    return DMV2ToV1Converter().convert(v2_data, annotation_meta)
