"""What may be done to records between normalisation and encoding: filters and transforms.

Each is a value that can be called with a record, compared, pickled and shown as plain data. It answers as the hook
``exportkit_record_ready`` does: a record replaces the one given, True or None keeps it, False drops it. So a plugin can
return the answer of any of them from its own hook.
"""

from exportkit.transforms.chain import Answer, Transform, TransformFault, applied, name_of
from exportkit.transforms.classes import (
    DropClasses,
    KeepClasses,
    RenameClasses,
    drop_classes,
    keep_classes,
    merge_classes,
    rename_classes,
    unmet_classes,
)
from exportkit.transforms.recipe import read_recipe
from exportkit.transforms.selection import MinimumArea, ReviewState, Where, minimum_area, review_state, where
from exportkit.transforms.shapes import ToBoxes, ToPolygons, to_boxes, to_polygons

__all__ = [
    "Answer",
    "DropClasses",
    "KeepClasses",
    "MinimumArea",
    "RenameClasses",
    "ReviewState",
    "ToBoxes",
    "ToPolygons",
    "Transform",
    "TransformFault",
    "Where",
    "applied",
    "drop_classes",
    "keep_classes",
    "merge_classes",
    "minimum_area",
    "name_of",
    "read_recipe",
    "rename_classes",
    "review_state",
    "to_boxes",
    "to_polygons",
    "unmet_classes",
    "where",
]
