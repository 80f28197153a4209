"""What becomes of each annotation of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["COCO_ROLES", "Account"]

COCO_ROLES: Final = ("instances", "person_keypoints", "stuff")


class Account:
    """Records, audits and failures of one item, each under the file (role) that it belongs to."""

    def __init__(self, item_id: str) -> None:
        self._item_id = str(item_id)
        self._seen: set[str] = set()
        self.audit: list[dict[str, Any]] = []
        self.failures: list[dict[str, Any]] = []
        self.metrics = {role: {"written": 0, "skipped": 0, "lossy": 0, "failed": 0} for role in COCO_ROLES}
        #: ``(id of the source, class, fields of the annotation)`` by role.
        self.records: dict[str, list[tuple[str, str, dict[str, Any]]]] = {role: [] for role in COCO_ROLES}

    def claim(self, annotation: Mapping[str, Any], role: str) -> str | None:
        """The id of an annotation; None, and a failure, where it has none or another has it."""
        source_id = annotation.get("id")
        if not isinstance(source_id, str) or not source_id or source_id in self._seen:
            self.fail(source_id, "MALFORMED_ANNOTATION", "An annotation needs an id that no other has.", role)
            return None
        self._seen.add(source_id)
        return source_id

    def skip(self, annotation_id: object, source_type: str, reason: str, role: str) -> None:
        """Note that an annotation is left out."""
        self._audit(annotation_id, source_type, "skipped", reason, role)

    def lose(self, annotation_id: object, source_type: str, reason: str, role: str) -> None:
        """Note that an annotation is written with a loss."""
        self._audit(annotation_id, source_type, "lossy", reason, role)

    def fail(self, annotation_id: object, reason: str, message: str, role: str) -> None:
        """Note that an annotation could not be converted."""
        self.failures.append(
            {
                "item_id": self._item_id,
                "annotation_id": None if annotation_id is None else str(annotation_id),
                "reason_code": reason,
                "message": message,
                "role": role,
            }
        )
        self.metrics[role]["failed"] += 1

    def _audit(self, annotation_id: object, source_type: str, outcome: str, reason: str, role: str) -> None:
        self.audit.append(
            {
                "item_id": self._item_id,
                "annotation_id": str(annotation_id or ""),
                "source_type": source_type,
                "outcome": outcome,
                "reason_code": reason,
                "role": role,
            }
        )
        self.metrics[role][outcome] += 1
