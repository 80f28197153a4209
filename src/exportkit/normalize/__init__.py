"""Items of a bundle to records."""

from exportkit.normalize.class_numbers import class_numbers
from exportkit.normalize.contract import Normalizer
from exportkit.normalize.display_space import turned
from exportkit.normalize.drift import unknown_keys
from exportkit.normalize.explain import explain
from exportkit.normalize.item import FilePlace, Item, item_id, read_item
from exportkit.normalize.lines import BUILTIN_NORMALIZERS, LineNormalizer
from exportkit.normalize.medium_record import medium_record
from exportkit.normalize.options import InputOptions
from exportkit.normalize.sizes import DeclaredSize, PictureHeader, SizeDecision, apply_size, display_size
from exportkit.normalize.skeleton_file import read_skeleton
from exportkit.normalize.survey import RecordSurvey, survey_of

__all__ = [
    "BUILTIN_NORMALIZERS",
    "DeclaredSize",
    "FilePlace",
    "InputOptions",
    "Item",
    "LineNormalizer",
    "Normalizer",
    "PictureHeader",
    "RecordSurvey",
    "SizeDecision",
    "apply_size",
    "class_numbers",
    "display_size",
    "explain",
    "item_id",
    "medium_record",
    "read_item",
    "read_skeleton",
    "survey_of",
    "turned",
    "unknown_keys",
]
