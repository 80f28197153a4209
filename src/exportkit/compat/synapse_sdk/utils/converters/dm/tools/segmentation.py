"""Masks of pictures, sections of videos and of recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from exportkit.compat.synapse_sdk.utils.converters.dm.tools.tool import Tool
from exportkit.compat.synapse_sdk.utils.converters.dm.types import AuditEntry, SegmentationMode

__all__ = [
    "MaskEncoding",
    "MaskEncodingError",
    "SegmentationProcessor",
    "apply_segmentation_mode",
    "normalize_mask_data",
]

MaskEncoding = Literal["raw_indices", "dm_rle"]


class MaskEncodingError(ValueError):
    """A mask is not what its metadata say."""

    reason_code = "INVALID_MASK_ENCODING"


def normalize_mask_data(
    payload: object, encoding: MaskEncoding, *, width: int | None = None, height: int | None = None
) -> list[int] | list[list[int]]:
    """Put pixel indices, or half-open runs ``[start, length]``, into ascending order; both count row by row from 0.

    What stands in order is returned itself. Raises MaskEncodingError for anything else, for overlaps, and for pixels
    outside a picture whose size is given.
    """
    if not isinstance(payload, list):
        raise MaskEncodingError("A mask must be a list.")
    pixels = _pixel_count(width, height)
    if encoding == "raw_indices":
        return _ordered_indices(payload, pixels)
    if encoding == "dm_rle":
        return _ordered_runs(payload, pixels)
    raise MaskEncodingError(f"{encoding!r} is no encoding of a mask; it is 'raw_indices' or 'dm_rle'.")


def apply_segmentation_mode(
    annotations: Sequence[dict[str, Any]], mode: SegmentationMode, *, item_id: str
) -> tuple[Sequence[dict[str, Any]], list[AuditEntry]]:
    """The masks that a run converts, and an audit row for each that it excludes."""
    if mode != "exclude":
        return annotations, []
    ids = sorted(str(annotation.get("id", "")) for annotation in annotations)
    return (), [
        AuditEntry(
            item_id=item_id,
            annotation_id=annotation_id,
            source_type="segmentation",
            outcome="skipped",
            reason_code="SEGMENTATION_EXCLUDED",
        )
        for annotation_id in ids
    ]


class SegmentationProcessor(Tool):
    """A mask (``pixel_indices``), or a section in frames or in seconds (``section``)."""

    tool_name = "segmentation"

    def to_v2(
        self,
        v1_annotation: Mapping[str, Any],
        v1_data: Mapping[str, Any],
        *,
        image_size: tuple[int | None, int | None] | None = None,
    ) -> dict[str, Any]:
        """A mask needs the ``(width, height)`` of its picture. Raises MaskEncodingError."""
        converted = super().to_v2(v1_annotation, v1_data)
        if "pixel_indices" not in v1_data:
            return converted
        encoding = _encoding_of(v1_data)
        if image_size is None:
            raise MaskEncodingError("A mask needs the width and the height of its picture.")
        width, height = image_size
        return {
            **converted,
            "data": normalize_mask_data(v1_data["pixel_indices"], encoding, width=width, height=height),
            "encoding": encoding,
            "isCompressed": v1_data["isCompressed"],
            "compressionFormat": v1_data["compressionFormat"],
        }

    def to_v1(self, v2_annotation: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Raises MaskEncodingError for a mask whose metadata are missing or disagree."""
        annotation, data = super().to_v1(v2_annotation)
        if isinstance(payload := v2_annotation.get("data", []), list):
            encoding = _encoding_of(v2_annotation)
            if v2_annotation.get("encoding") != encoding:
                raise MaskEncodingError("The 'encoding' of a mask must be there, and agree with 'isCompressed'.")
            data["pixel_indices"] = normalize_mask_data(payload, encoding)
            data["isCompressed"] = v2_annotation["isCompressed"]
            data["compressionFormat"] = v2_annotation["compressionFormat"]
        return annotation, data

    def read(self, v1_data: Mapping[str, Any]) -> Any:
        if "section" not in v1_data:
            return []
        return _section(v1_data["section"])

    def write(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict):
            return {"section": _section(data)}
        return {} if isinstance(data, list) else {"pixel_indices": []}


def _section(values: Mapping[str, Any]) -> dict[str, Any]:
    if "start" in values or "end" in values:
        return {"start": values.get("start", 0.0), "end": values.get("end", 0.0)}
    return {"startFrame": values.get("startFrame", 0), "endFrame": values.get("endFrame", 0)}


def _encoding_of(values: Mapping[str, Any]) -> MaskEncoding:
    """What the two metadata of a mask say together."""
    if "isCompressed" not in values or "compressionFormat" not in values:
        raise MaskEncodingError("A mask needs 'isCompressed' and 'compressionFormat'.")
    match values["isCompressed"], values["compressionFormat"]:
        case True, "rle":
            return "dm_rle"
        case False, None:
            return "raw_indices"
        case compressed, form:
            raise MaskEncodingError(
                f"A mask with isCompressed {compressed!r} and compressionFormat {form!r} cannot be read; "
                "it is true and 'rle', or false and null."
            )


def _pixel_count(width: int | None, height: int | None) -> int | None:
    if width is None and height is None:
        return None
    if type(width) is not int or type(height) is not int or width <= 0 or height <= 0:
        raise MaskEncodingError("The width and the height of a mask must be positive integers.")
    return width * height


def _ordered_indices(payload: list[Any], pixels: int | None) -> list[int]:
    if any(type(index) is not int for index in payload):
        raise MaskEncodingError("The pixels of a mask must be integers.")
    ordered = payload if all(low < high for low, high in pairwise(payload)) else sorted(payload)
    if any(low == high for low, high in pairwise(ordered)):
        raise MaskEncodingError("A pixel of a mask stands there twice.")
    if ordered and (ordered[0] < 0 or (pixels is not None and ordered[-1] >= pixels)):
        raise MaskEncodingError("A pixel of a mask lies outside its picture.")
    return ordered


def _ordered_runs(payload: list[Any], pixels: int | None) -> list[list[int]]:
    runs: list[list[int]] = []
    for run in payload:
        if not isinstance(run, (list, tuple)) or len(run) != 2 or any(type(value) is not int for value in run):
            raise MaskEncodingError("A run of a mask is [start, length], two integers.")
        start, length = run
        if start < 0 or length <= 0 or (pixels is not None and start + length > pixels):
            raise MaskEncodingError(f"The run [{start}, {length}] of a mask is empty, or outside its picture.")
        runs.append(run if isinstance(run, list) else [start, length])
    runs.sort(key=lambda run: run[0])
    if any(before[0] + before[1] > after[0] for before, after in pairwise(runs)):
        raise MaskEncodingError("Two runs of a mask overlap.")
    return runs
