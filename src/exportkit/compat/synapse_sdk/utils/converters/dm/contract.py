"""The decisions of a run that the converters share: one mapping, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypedDict, cast

from exportkit.records import PERSON_17

__all__ = [
    "COCO_PERSON_17_FLIP_IDX",
    "COCO_PERSON_17_KEYPOINTS",
    "COCO_PERSON_17_SKELETON",
    "ExportContract",
    "ExportContractError",
    "SegmentationMode",
    "build_export_contract",
    "validate_export_contract",
]

SegmentationMode = Literal["instance", "semantic", "exclude"]

COCO_PERSON_17_KEYPOINTS: Final = PERSON_17.points
#: Joints that are joined, by numbers from 1 on.
COCO_PERSON_17_SKELETON: Final = tuple((start + 1, end + 1) for start, end in PERSON_17.edges)
COCO_PERSON_17_FLIP_IDX: Final = PERSON_17.flip_map() or ()

#: Values of former releases that a contract may still hold.
_FORMER: Final = {("coco_stuff_rle", "categories"): "emitted_normalized_identifiers_lexical"}
#: Fields that a run fills as it likes.
_FREE: Final = {("pascal_split", "assignments")}


class ExportContract(TypedDict):
    """A contract that was checked. ``segmentation_mode`` is the one choice of a run; the rest is fixed."""

    schema_version: int
    segmentation_mode: SegmentationMode
    keypoint_profile: str
    keypoint_schema: dict[str, Any]
    pascal_split: dict[str, Any]
    image_output: dict[str, Any]
    mask_contour: dict[str, Any]
    coco_stuff_rle: dict[str, Any]
    audit: dict[str, Any]
    failure: dict[str, Any]


class ExportContractError(ValueError):
    """A contract, or what is converted under it, is not as agreed. ``reason_code`` says what, for programs."""

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code


def build_export_contract(segmentation_mode: object = None) -> dict[str, Any]:
    """The contract of a run. Without a mode it lacks one, and does not pass the check."""
    contract: dict[str, Any] = {
        "schema_version": 1,
        "keypoint_profile": "coco_person_17",
        "keypoint_schema": {
            "category": "person",
            "keypoints": list(COCO_PERSON_17_KEYPOINTS),
            "skeleton": [list(edge) for edge in COCO_PERSON_17_SKELETON],
            "kpt_shape": [len(COCO_PERSON_17_KEYPOINTS), 3],
            "flip_idx": list(COCO_PERSON_17_FLIP_IDX),
            "visibility": {"missing": 0, "occluded": 1, "visible": 2},
        },
        "pascal_split": {
            "key": "item_id",
            "assignments": {},
            "fallback": "stable_hash_80_20",
            "hash": "sha256_mod_100",
            "train_buckets": [0, 79],
            "val_buckets": [80, 99],
        },
        "image_output": {"selected_readable_images": "include", "official_zero_record_targets": "empty_valid"},
        "mask_contour": {
            "retrieval": "external",
            "approximation": "simple",
            "rows": "component",
            "holes": "drop_with_loss_audit",
            "minimum_points": 3,
        },
        "coco_stuff_rle": {
            "categories": "project_configuration_then_observed_lexical",
            "counts": "compressed_ascii",
        },
        "audit": {
            "outcomes": ["skipped", "lossy"],
            "required_fields": ["item_id", "annotation_id", "source_type", "outcome", "reason_code"],
            "exclude_reason": "SEGMENTATION_EXCLUDED",
        },
        "failure": {
            "required_contract_reason": "SEGMENTATION_MODE_REQUIRED",
            "invalid_mask_reason": "INVALID_MASK_ENCODING",
            "metric": "failed",
        },
    }
    return contract if segmentation_mode is None else {**contract, "segmentation_mode": segmentation_mode}


def validate_export_contract(contract: Mapping[str, object]) -> ExportContract:
    """Return the contract itself. Raises ExportContractError, whose message names the first field that is wrong."""
    if "segmentation_mode" not in contract:
        raise ExportContractError("SEGMENTATION_MODE_REQUIRED", "The export contract has no 'segmentation_mode'.")
    if contract["segmentation_mode"] not in {"instance", "semantic", "exclude"}:
        raise ExportContractError(
            "INVALID_EXPORT_CONTRACT", "segmentation_mode must be 'instance', 'semantic' or 'exclude'."
        )
    for section, agreed in build_export_contract().items():
        given = contract.get(section)
        if not isinstance(agreed, dict):
            _check(section, given, (agreed,))
            continue
        for name, value in agreed.items():
            if (section, name) not in _FREE:
                found = given.get(name) if isinstance(given, Mapping) else None
                _check(f"{section}.{name}", found, (value, _FORMER.get((section, name), value)))
    return cast("ExportContract", contract)


def _check(place: str, given: object, accepted: tuple[object, ...]) -> None:
    if given not in accepted:
        raise ExportContractError("INVALID_EXPORT_CONTRACT", f"{place} of the export contract must be {accepted[0]!r}.")
