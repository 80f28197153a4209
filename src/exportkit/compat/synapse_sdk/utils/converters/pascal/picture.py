"""The annotations of one picture as objects and planes of Pascal VOC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from exportkit.compat.synapse_sdk.utils.converters.dm.types import (
    AuditEntry,
    AuditOutcome,
    FailureDetail,
    normalize_export_identifier,
)
from exportkit.compat.synapse_sdk.utils.converters.geometry import finite_numbers, has_rotation
from exportkit.compat.synapse_sdk.utils.converters.pascal.planes import (
    VOC_MAX_INDEX,
    decode_dm_mask,
    rasterize_polygon,
)
from exportkit.compat.synapse_sdk.utils.converters.pascal.v2_result import rows_of

if TYPE_CHECKING:
    from exportkit.compat.synapse_sdk.utils.converters.pascal.planes import Plane

__all__ = ["Picture"]


class Picture:
    """Converts annotations of a picture of ``width`` × ``height`` pixels, and keeps account of each.

    ``numbers`` has the number of each class; None takes every class, for a look at which there are.
    """

    def __init__(
        self, item_id: str, width: int, height: int, numbers: Mapping[str, int] | None, segmentation_mode: str
    ) -> None:
        self._item_id = item_id
        self._width = width
        self._height = height
        self._numbers = numbers
        self._mode = segmentation_mode
        self._ids: set[str] = set()
        self.audit: list[AuditEntry] = []
        self.failures: list[FailureDetail] = []
        self.objects: list[dict[str, Any]] = []
        self.segmented_classes: set[str] = set()
        #: ``(id, number of the class, pixels)``, painted in this order; instances have ids of their own.
        self.semantic: list[tuple[str, int, Plane]] = []
        self.instances: list[tuple[str, int, Plane]] = []

    def convert(self, image: Mapping[str, Any]) -> None:
        """Take the annotations of the picture, by tool."""
        for row in rows_of(image, "bounding_box"):
            if self._is_object(row, "INVALID_BOUNDING_BOX"):
                self._box(row)
        for row in rows_of(image, "polygon"):
            if self._is_object(row, "INVALID_POLYGON"):
                self._polygon(row)
        for row in rows_of(image, "segmentation"):
            if self._mode == "exclude":
                self._note(row.get("id") if isinstance(row, Mapping) else "", "segmentation", "SEGMENTATION_EXCLUDED")
            elif self._is_object(row, "INVALID_MASK_ENCODING"):
                self._mask(row)
        self.instances.sort(key=lambda instance: instance[0])

    def class_names(self) -> list[str]:
        """The classes that were written, sorted."""
        return sorted({found["name"] for found in self.objects} | self.segmented_classes)

    def planes(self, file_name: str) -> tuple[Any, Any]:
        """The plane of classes and the plane of instances; None for one that stays empty.

        More than 254 instances leave no plane of instances, and are a failure.
        """
        import numpy as np

        classes = np.zeros((self._height, self._width), dtype=np.uint8)
        objects = np.zeros_like(classes)
        for _, number, pixels in sorted(self.semantic, key=lambda record: record[0]):
            classes[pixels] = number
        for place, (_, number, pixels) in enumerate(self.instances, 1):
            classes[pixels] = number
            if place <= VOC_MAX_INDEX:
                objects[pixels] = place
        if (count := len(self.instances)) > VOC_MAX_INDEX:
            message = f"{file_name} has {count} instances, and Pascal VOC takes {VOC_MAX_INDEX}."
            self._fail(None, "VOC_INSTANCE_LIMIT_EXCEEDED", message)
        keeps_objects = count <= VOC_MAX_INDEX and classes.any() and objects.any()
        return classes if classes.any() else None, objects if keeps_objects else None

    def _box(self, row: Mapping[str, Any]) -> None:
        if has_rotation(row):
            self._note(row.get("id"), "bounding_box", "UNSUPPORTED_ORIENTED_BOUNDING_BOX")
            return
        try:
            corners = self._corners(row.get("data"))
        except ValueError as error:
            self._fail(row.get("id"), "INVALID_BOUNDING_BOX", str(error))
            return
        if (known := self._class(row)) is None:
            return
        self.objects.append({"name": known[0], **dict(zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))})
        self._note_lost_attributes(row, "bounding_box")

    def _corners(self, data: object) -> list[int]:
        """Edges as the nearest integers, counted from 0 on."""
        x, y, width, height = finite_numbers(data, 4, "A box")
        if x < 0 or y < 0 or width <= 0 or height <= 0 or x + width > self._width or y + height > self._height:
            raise ValueError("A box must have an area, and lie inside its picture.")
        corners = [round(edge) for edge in (x, y, x + width, y + height)]
        if corners[2] <= corners[0] or corners[3] <= corners[1]:
            raise ValueError("A box must have an area when its edges are rounded.")
        return corners

    def _polygon(self, row: Mapping[str, Any]) -> None:
        try:
            pixels = rasterize_polygon(row.get("data"), self._width, self._height)
        except ValueError as error:
            self._fail(row.get("id"), "INVALID_POLYGON", str(error))
            return
        self._instance(row, "polygon", pixels)

    def _mask(self, row: Mapping[str, Any]) -> None:
        try:
            pixels = decode_dm_mask({**row, "width": self._width, "height": self._height})
        except ValueError as error:
            self._fail(row.get("id"), "INVALID_MASK_ENCODING", str(error))
            return
        if self._mode == "instance":
            self._instance(row, "segmentation", pixels)
        elif self._has_pixels(row, "segmentation", pixels) and (known := self._class(row)) is not None:
            self.semantic.append((str(row.get("id") or ""), known[1], pixels))
            self.segmented_classes.add(known[0])
            self._note_lost_attributes(row, "segmentation")

    def _instance(self, row: Mapping[str, Any], tool: str, pixels: Plane) -> None:
        instance_id = "" if row.get("id") is None else str(row["id"])
        if not self._has_pixels(row, tool, pixels):
            return
        if not instance_id or instance_id in self._ids:
            self._fail(row.get("id"), "INVALID_INSTANCE_ID", "An instance needs an id that no other has.")
            return
        self._ids.add(instance_id)
        if (known := self._class(row)) is not None:
            self.instances.append((instance_id, known[1], pixels))
            self.segmented_classes.add(known[0])
            self._note_lost_attributes(row, tool)

    def _has_pixels(self, row: Mapping[str, Any], tool: str, pixels: Plane) -> bool:
        if pixels.any():
            return True
        self._note(row.get("id"), tool, "MASK_WITHOUT_PIXELS")
        return False

    def _class(self, row: Mapping[str, Any]) -> tuple[str, int] | None:
        try:
            name = normalize_export_identifier(row.get("classification"))
        except ValueError as error:
            self._fail(row.get("id"), "INVALID_CLASS_NAME", str(error))
            return None
        number = 1 if self._numbers is None else self._numbers.get(name)
        if number is None:
            self._fail(row.get("id"), "UNMAPPED_CLASS_IDENTIFIER", f"The class {name!r} has no number.")
            return None
        return name, number

    def _is_object(self, row: object, reason: str) -> bool:
        if isinstance(row, Mapping):
            return True
        self._fail(None, reason, "An annotation must be an object.")
        return False

    def _note_lost_attributes(self, row: Mapping[str, Any], tool: str) -> None:
        if row.get("attrs"):
            self._note(row.get("id"), tool, "CUSTOM_ATTRIBUTES_DROPPED", "lossy")

    def _note(self, annotation_id: object, tool: str, reason: str, outcome: AuditOutcome = "skipped") -> None:
        self.audit.append(
            {
                "item_id": self._item_id,
                "annotation_id": str(annotation_id or ""),
                "source_type": tool,
                "outcome": outcome,
                "reason_code": reason,
            }
        )

    def _fail(self, annotation_id: object, reason: str, message: str) -> None:
        self.failures.append(
            {
                "item_id": self._item_id,
                "annotation_id": None if annotation_id is None else str(annotation_id),
                "reason_code": reason,
                "message": message,
            }
        )
