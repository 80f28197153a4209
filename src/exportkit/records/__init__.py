"""The normalised model: records, annotations and their geometry."""

from exportkit.records.annotation import EXTENT_KINDS, KINDS, LABELLED_KINDS, REGION_KINDS, Annotation
from exportkit.records.box import Box, RotatedBox, parse_box, parse_rotated_box
from exportkit.records.box_texts import BoxForm, BoxTexts, box_texts
from exportkit.records.canvas import Canvas
from exportkit.records.keypoints import Keypoints, Point, parse_keypoints, parse_point
from exportkit.records.numbers import EPS, Number, check_number, decimal_text, quoted, rounded
from exportkit.records.overlap import Shape, iou
from exportkit.records.record import FileReference, Record, Rejected
from exportkit.records.region import LazyRegion, Mask, Part, Polygon
from exportkit.records.skeleton import PERSON_17, Skeleton

__all__ = [
    "EPS",
    "EXTENT_KINDS",
    "KINDS",
    "LABELLED_KINDS",
    "PERSON_17",
    "REGION_KINDS",
    "Annotation",
    "Box",
    "BoxForm",
    "BoxTexts",
    "Canvas",
    "FileReference",
    "Keypoints",
    "LazyRegion",
    "Mask",
    "Number",
    "Part",
    "Point",
    "Polygon",
    "Record",
    "Rejected",
    "RotatedBox",
    "Shape",
    "Skeleton",
    "box_texts",
    "check_number",
    "decimal_text",
    "iou",
    "parse_box",
    "parse_keypoints",
    "parse_point",
    "parse_rotated_box",
    "quoted",
    "rounded",
]
