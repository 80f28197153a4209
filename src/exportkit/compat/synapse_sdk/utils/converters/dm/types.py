"""The shapes of payloads, and what converters tell of them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, Literal, TypedDict, cast

from exportkit.compat.synapse_sdk.utils.converters.dm.contract import (
    COCO_PERSON_17_FLIP_IDX,
    COCO_PERSON_17_KEYPOINTS,
    COCO_PERSON_17_SKELETON,
    ExportContract,
    ExportContractError,
    SegmentationMode,
    build_export_contract,
    validate_export_contract,
)
from exportkit.compat.synapse_sdk.utils.converters.dm.rows import (
    AnnotationBase,
    AnnotationDataItem,
    AnnotationGroup,
    AnnotatorDataV1,
    V2Annotation,
    V2Attr,
    V2MediaItem,
)

__all__ = [
    "COCO_PERSON_17_FLIP_IDX",
    "COCO_PERSON_17_KEYPOINTS",
    "COCO_PERSON_17_SKELETON",
    "MEDIA_TYPE_MAP",
    "MEDIA_TYPE_REVERSE_MAP",
    "SUPPORTED_FILE_TYPES",
    "AnnotationBase",
    "AnnotationDataItem",
    "AnnotationGroup",
    "AnnotationMeta",
    "AnnotatorDataV1",
    "AuditEntry",
    "AuditOutcome",
    "ExportContract",
    "ExportContractError",
    "ExportMetrics",
    "FailureDetail",
    "SegmentationMode",
    "V2Annotation",
    "V2AnnotationData",
    "V2Attr",
    "V2ConversionResult",
    "V2MediaItem",
    "build_export_contract",
    "media_id_sort_key",
    "normalize_export_identifier",
    "resolve_pascal_split",
    "validate_export_contract",
]

AuditOutcome = Literal["skipped", "lossy"]

SUPPORTED_FILE_TYPES: Final = ("image", "video", "pcd", "text", "audio", "prompt", "data")
#: The key of each kind of medium in a payload of the second schema.
MEDIA_TYPE_MAP: Final = {kind: f"{kind}s" for kind in SUPPORTED_FILE_TYPES}
MEDIA_TYPE_REVERSE_MAP: Final = {plural: kind for kind, plural in MEDIA_TYPE_MAP.items()}

_PIECES: Final = re.compile(r"([0-9]+)|([^0-9]+)")


class AuditEntry(TypedDict):
    """An annotation that a format did not take, or took with a loss."""

    item_id: str
    annotation_id: str
    source_type: str
    outcome: AuditOutcome
    reason_code: str


class FailureDetail(TypedDict):
    """An annotation that could not be converted."""

    item_id: str
    annotation_id: str | None
    reason_code: str
    message: str


class ExportMetrics(TypedDict):
    """What became of the annotations."""

    written: int
    skipped: int
    lossy: int
    failed: int


class V2AnnotationData(TypedDict, total=False):
    """A payload of the second schema: classes by tool, and one list for each kind of medium."""

    classification: dict[str, list[str]]
    images: list[dict[str, list[dict[str, Any]]]]
    videos: list[dict[str, list[dict[str, Any]]]]
    pcds: list[dict[str, list[dict[str, Any]]]]
    texts: list[dict[str, list[dict[str, Any]]]]
    audios: list[dict[str, list[dict[str, Any]]]]
    prompts: list[dict[str, list[dict[str, Any]]]]
    datas: list[dict[str, list[dict[str, Any]]]]


class AnnotationMeta(TypedDict, total=False):
    """What the first schema has and the second has not, by its own keys."""

    extra: dict[str, Any]
    annotations: dict[str, list[dict[str, Any]]]
    annotationsData: dict[str, list[dict[str, Any]]]
    relations: dict[str, list[Any]]
    annotationGroups: dict[str, list[dict[str, Any]]]
    assignmentId: int | str | None


class V2ConversionResult(TypedDict):
    """A payload of the first schema in two parts."""

    annotation_data: V2AnnotationData
    annotation_meta: AnnotationMeta


def media_id_sort_key(media_id: str) -> tuple[tuple[tuple[int, int | str, int, str], ...], str]:
    """Sort media by their numbers: ``image_2`` before ``image_10``."""
    pieces = tuple(
        (1, int(digits), len(digits), digits) if digits else (0, text, 0, text)
        for digits, text in _PIECES.findall(media_id)
    )
    return pieces, media_id


def normalize_export_identifier(value: object) -> str:
    """The name of a class as it is written: without blanks around it, in NFC. Raises ValueError if none is left."""
    if not isinstance(value, str):
        raise ValueError("The class of an annotation must be a text.")  # noqa: TRY004 - callers catch ValueError
    if not (normalized := unicodedata.normalize("NFC", value.strip())):
        raise ValueError("The class of an annotation must not be empty.")
    return normalized


def resolve_pascal_split(item_id: str, assignments: Mapping[str, str]) -> Literal["train", "val"]:
    """The split of an item: as assigned, else four of five by the hash of its id go to ``train``."""
    if not isinstance(item_id, str) or not item_id:
        raise ValueError("A split needs the id of its item.")
    if (assigned := assignments.get(item_id)) is not None:
        if assigned not in {"train", "val"}:
            raise ValueError(f"{assigned!r} is no split; assign 'train' or 'val'.")
        return cast("Literal['train', 'val']", assigned)
    return "train" if int(hashlib.sha256(item_id.encode()).hexdigest(), 16) % 100 < 80 else "val"
