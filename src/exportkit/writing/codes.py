"""Every code by which exportkit names what it found: its scope and its meaning, as data.

A code is the identity of a finding: it is stable, stands in reports and manifests, and never changes its
meaning. Conversion codes are those of formats, section 2.13; ``C_`` codes those of formats, section 7. A
plugin's own codes carry the name of its writer (``E_MYFMT_…``) and are not listed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

__all__ = ["CODES", "Code", "Effect", "describe"]

Effect = Literal["error", "lossy", "skipped", "notice", "finding"]
Scope = Literal["annotation", "record", "annotation or record", "file", "bundle", "run", "dataset"]
Severity = Literal["error", "warn", "error or warn"]

_EFFECTS: dict[str, Effect] = {"E": "error", "L": "lossy", "S": "skipped", "N": "notice", "C": "finding"}


class Code(NamedTuple):
    """One code. ``scope`` is the part of the input that it costs or speaks of."""

    word: str
    scope: Scope
    meaning: str
    #: The word that the export summary of the compatibility layer shows for it (wire contract, section 22).
    audit: str | None = None
    #: How grave a finding of ``exportkit check`` is; None for the codes of a conversion.
    severity: Severity | None = None

    @property
    def effect(self) -> Effect:
        """What the code does to the outcome, told by its first letter."""
        return _EFFECTS[self.word[0]]


def describe(word: str) -> str:
    """Meaning of a code in a few words; a code that exportkit does not define belongs to a plugin."""
    code = CODES.get(word)
    return code.meaning if code is not None else "defined by a plugin"


_BUNDLE = {
    "E_BUNDLE_EMPTY": "the bundle holds no target: no part, no single file, no declared zero result",
    "E_BUNDLE_ENCODING": "the lines of a file are not UTF-8 as a whole",
    "E_MANIFEST": "the manifest cannot be used: syntax, size, depth, types, or a newer major schema",
    "E_MANIFEST_PATH": "a path of the manifest leaves the bundle or lies behind a link",
    "E_MANIFEST_PART": "a part that the manifest declares is absent or no regular file",
    "E_MANIFEST_COUNT": "the lines counted contradict a count that the manifest declares",
    "E_DIGEST": "size, digest, completion or filter echo of the manifest or a part is wrong",
}
_RECORD: dict[str, tuple[str, str | None]] = {
    "E_JSON": ("the line is no JSON: bad syntax, cut, or text after the value", None),
    "E_JSON_DEPTH": ("the line is nested deeper than 256 levels", None),
    "E_LINE_SIZE": ("the line is longer than 64 MiB", None),
    "E_ENCODING": ("the line holds bytes that are not UTF-8", None),
    "E_SURROGATE": ("a text holds a lone surrogate and cannot be encoded", None),
    "E_NOT_OBJECT": ("the line is JSON, but no object", None),
    "E_ID_MISSING": ("the record has no id", None),
    "E_ID_TYPE": ("the record id is neither an integer nor a non-empty text", None),
    "E_ID_RANGE": ("the record id does not fit into 64 bits", None),
    "E_ID_DUPLICATE": ("the record id was used by an earlier line of the target", None),
    "E_DATA_MISSING": ("there is no payload; an unlabelled record is not a negative", "INVALID_V2_CONVERSION_RESULT"),
    "E_SCHEMA_UNKNOWN": ("the payload has none of the known forms", "INVALID_V2_CONVERSION_RESULT"),
    "E_WRAPPER": ("the payload is a wrapper that cannot be resolved here", "INVALID_V2_CONVERSION_RESULT"),
    "E_DATA_UNIT": ("data_unit is no object", None),
    "E_FILES_MANIFEST": ("files_manifest, or its chosen entry, is no object", None),
    "E_PATH_UNSAFE": ("the path of the original leaves the bundle's files or names its bookkeeping", None),
    "E_FILE_LINK": ("the original is, or lies behind, a symbolic link", None),
    "E_FILE_MISSING": ("the original is not in the bundle", None),
    "E_FILE_TYPE": ("the original is no regular file", None),
    "E_FILE_DIGEST": ("the original has another size or digest than declared", None),
    "E_URL_REFUSED": ("the URL of the original has no scheme, or a scheme or host that is not allowed", None),
    "E_IMAGE_UNREADABLE": ("the header of the picture cannot be read", None),
    "E_IMAGE_TRUNCATED": ("the structure of the picture is cut or damaged", None),
    "E_IMAGE_FORMAT": ("the consumer of this output drops pictures of this format", None),
    "E_IMAGE_TOO_SMALL": ("the consumer of this output drops pictures this small", None),
    "E_PIXELS_LIMIT": ("the picture has more pixels than --max-pixels or the consumer allows", None),
    "E_NAME_UNSAFE": ("no safe output name can be made from the source name", "INVALID_OUTPUT_FILENAME"),
    "E_SIZE_UNKNOWN": ("the size of the picture is nowhere to be found", "INVALID_GEOMETRY"),
    "E_SIZE_INVALID": ("the declared size is no pair of positive integers", "INVALID_GEOMETRY"),
    "E_TAG_MISSING": ("the layout needs exactly one tag for a picture, and there is none", None),
    "E_TAG_MANY": ("the layout needs exactly one tag for a picture, and there are several", None),
    "E_WRITER": ("a writer or plugin raised an exception or returned a wrong type", None),
}
_ANNOTATION: dict[str, tuple[str, str]] = {
    "E_ANNOTATION": ("it is no object, or lacks the geometry of its kind", "MALFORMED_ANNOTATION"),
    "E_ANN_ID_DUPLICATE": ("its id occurs twice in its medium, so its parts cannot be joined", "MALFORMED_ANNOTATION"),
    "E_REFERENCE": ("a relation or group names an annotation that its record lacks", "MALFORMED_ANNOTATION"),
    "E_BOX_SHAPE": ("a box does not have four values", "INVALID_BOUNDING_BOX"),
    "E_BOX_NEGATIVE": ("width or height of a box is negative", "INVALID_BOUNDING_BOX"),
    "E_BOX_ZERO_AREA": ("width or height of a box is zero", "INVALID_BOUNDING_BOX"),
    "E_OUTSIDE": ("it lies wholly outside the picture", "INVALID_GEOMETRY"),
    "E_OUT_OF_BOUNDS": ("it lies partly outside the picture, under --invalid fail", "INVALID_GEOMETRY"),
    "E_POLYGON_ODD": ("a ring has an odd count of numbers", "INVALID_POLYGON"),
    "E_POLYGON_POINTS": (
        "a ring has fewer than three distinct points, or a polyline fewer than two",
        "INVALID_POLYGON",
    ),
    "E_POLYGON_ZERO_AREA": ("a polygon encloses no area", "INVALID_POLYGON"),
    "E_MASK_ENCODING": ("the encoding of a mask is unknown or cannot be decoded", "INVALID_MASK_ENCODING"),
    "E_MASK_RUNS": ("the runs of a mask overlap, descend, or do not fill the grid", "INVALID_MASK_ENCODING"),
    "E_MASK_SIZE": ("the grid of a mask is not the picture's", "INVALID_MASK_ENCODING"),
    "E_MASK_EMPTY": ("a mask has no pixel set", "INVALID_MASK_ENCODING"),
    "E_KEYPOINT_COUNT": ("the count of key points is not the skeleton's", "KEYPOINT_PROFILE_UNSUPPORTED"),
    "E_KEYPOINT_VISIBILITY": ("a visibility is none of 0, 1, 2", "KEYPOINT_PROFILE_UNSUPPORTED"),
    "E_KEYPOINT_NONE": ("no key point is labelled and there is no box", "KEYPOINT_PROFILE_UNSUPPORTED"),
    "E_KEYPOINT_GROUP": ("a group of key points is empty, unknown, or names a point twice", "KEYPOINT_GROUP_INVALID"),
    "E_CLASS_MISSING": ("it has no class", "INVALID_CLASS_NAME"),
    "E_CLASS_INVALID": ("its class is no text, or a blank one", "INVALID_CLASS_NAME"),
    "E_CLASS_UNREPRESENTABLE": ("this format cannot hold its class name", "INVALID_CLASS_NAME"),
    "E_CLASS_UNKNOWN": ("its class is not in the fixed list", "UNMAPPED_CLASS_IDENTIFIER"),
}
_NUMBER = {
    "E_NUMBER_TYPE": "a value that has to be a number is text, a truth value or null",
    "E_NOT_FINITE": "a number is not finite",
    "E_NUMBER_RANGE": "a number is beyond what can be a coordinate, or beyond 64 bits",
}
_LOSS: dict[str, tuple[str, str | None]] = {
    "L_CLIPPED": ("cut at the edge of the picture", None),
    "L_KEYPOINT_DROPPED": ("a key point outside the picture was zeroed", None),
    "L_BOX_GROWN": ("smaller than the unit of the format, and grown to it", None),
    "L_ROTATION_FLATTENED": ("the enclosing box stands for a rotated one", "UNSUPPORTED_ORIENTED_BOUNDING_BOX"),
    "L_REGION_TO_OBB": ("the rectangle of smallest area stands for a region", None),
    "L_REGION_DROPPED": ("the box stands for a polygon or mask", None),
    "L_REGION_NOT_DRAWN": (
        "a region has no pixel in the plane: too thin, hidden, or over the limit",
        "VOC_CLASS_LIMIT_EXCEEDED",
    ),
    "L_REGION_COVERED": ("a later object covers part of the region", "VOC_INSTANCE_LIMIT_EXCEEDED"),
    "L_RASTERISED": ("a polygon was turned into pixels", None),
    "L_INSTANCES_MERGED": ("several objects became one semantic region", None),
    "L_HOLES_DROPPED": ("a hole was filled", "MASK_HOLE_DROPPED"),
    "L_HOLES_BRIDGED": ("a hole was joined to the outline by a seam", "MASK_HOLE_DROPPED"),
    "L_PARTS_JOINED": ("parts of one object were joined by seams", None),
    "L_PARTS_SPLIT": ("one object was written as several", None),
    "L_SIMPLIFIED": ("points of an outline were left out, none farther from it than tolerance=", None),
    "L_KEYPOINTS_DROPPED": ("the box or region stands for key points", None),
    "L_CROWD_AS_DIFFICULT": ("a crowd carries the format's flag for objects to ignore", None),
    "L_ATTRIBUTES_DROPPED": ("attributes have no place in this format", "CUSTOM_ATTRIBUTES_DROPPED"),
    "L_FLAGS_DROPPED": ("a flag, score, group, track or frame has no place in this format", None),
}
_SKIP: dict[str, tuple[str, str | None]] = {
    "S_KIND_UNKNOWN": ("its kind or tool is not known", "UNSUPPORTED_ANNOTATION_TYPE"),
    "S_KIND_UNSUPPORTED": ("the format has no place for its kind", "UNSUPPORTED_ANNOTATION_TYPE"),
    "S_MEDIA_UNSUPPORTED": ("the format has no place for its medium", "UNSUPPORTED_ANNOTATION_TYPE"),
    "S_CROWD": ("a crowd, and the format cannot say that it is to be ignored", None),
    "S_DUPLICATE_ROW": ("its row equals an earlier one, and the consumer would drop it", None),
    "S_INVALID_DROPPED": ("partly outside the picture, under --invalid drop", "INVALID_GEOMETRY"),
    "S_FILTERED": ("dropped by a filter, transform or hook that the user chose", None),
    "S_ORPHAN": ("an annotation without data, or data without annotation", "MALFORMED_ANNOTATION"),
    "S_POINT_UNGROUPED": ("a key point that belongs to no group", "KEYPOINT_GROUP_INVALID"),
    "S_SKELETON_DIFFERENT": ("it has another skeleton than the dataset's only one", "KEYPOINT_PROFILE_UNSUPPORTED"),
    "S_SEGMENTATION_EXCLUDED": ("segmentation=exclude leaves polygons and masks out", "SEGMENTATION_EXCLUDED"),
    "S_CONSUMER_LIMIT": ("beyond a fixed limit of the consumer", None),
}
_NOTICE: dict[str, tuple[Scope, str]] = {
    "N_BOM": ("file", "a byte-order mark at the start of a file was removed"),
    "N_DRIFT": ("file", "the payload has a key that exportkit does not know"),
    "N_NO_MANIFEST": ("file", "there is no manifest, so nothing proves that the bundle is complete"),
    "N_NO_MEDIA": ("record", "the record has no picture at hand"),
    "N_EMPTIED": ("record", "errors or filters left no annotation: to a trainer the picture looks like a negative"),
    "N_UNREVIEWED": ("record", "the record is empty and its review is not completed"),
    "N_NEGATIVE_ELSEWHERE": ("record", "a picture without annotations is listed in a side table"),
    "N_SIZE_MISMATCH": ("record", "declared and real size differ; the real one is used"),
    "N_SIZE_SWAPPED": ("record", "declared and real size are each other's swap; the real one is used"),
    "N_SIZE_INVALID": ("record", "the declared size is unusable; the file tells the real one"),
    "N_SIZE_UNVERIFIED": ("record", "the declared size could not be compared with the file"),
    "N_NAME_CHANGED": ("record", "the output name differs from the source name"),
    "N_LINK_COPIED": ("record", "the picture was copied where a hard link was asked for"),
    "N_AREA_RECOMPUTED": ("annotation", "the declared area contradicts the geometry and was computed again"),
    "N_BOX_MISMATCH": ("annotation", "the declared box contradicts the region or key points"),
    "N_KEYPOINT_COUNT": ("annotation", "the declared count of key points is wrong and was counted again"),
    "N_BOX_AS_POLYGON": ("annotation", "a box is written as a polygon of the same extent"),
    "N_ROTATION_AS_POLYGON": ("annotation", "a rotated box is written as a polygon of the same extent"),
    "N_MASK_AS_POLYGON": ("annotation", "a mask is written as the polygon along its pixel edges"),
    "N_NO_KEYPOINTS": ("annotation", "a box is written with all its key points unlabelled"),
    "N_CLASS_DEFAULT": ("annotation", "no class is given; it gets the class default"),
    "N_CLASS_OBSERVED": ("run", "the class list is the observed one and can change with the data"),
    "N_CLASS_ABSENT": ("run", "a class list or a transform names a class that no record has"),
    "N_CLASS_ENTRY": ("run", "an entry of the configured class list is unusable and was left out"),
    "N_CLASS_TWINS": ("run", "class names differ only by case, blanks or normalisation"),
    "N_CLASS_PLACEHOLDER": ("run", "there is no class; the format needs one and gets a placeholder"),
    "N_CLASS_FILES_OMITTED": ("run", "files that are named after or list classes were left out"),
    "N_CLASS_FOLDER": ("run", "a folder or file of a class has another name than the class"),
    "N_IDS_SEQUENTIAL": ("run", "source ids cannot be kept; ids are counted from 1"),
    "N_CATEGORY_RENUMBERED": ("run", "classes have other numbers than in the source"),
    "N_TASK_CHOSEN": ("run", "the task was chosen by rule among several possible ones"),
    "N_VAL_IS_TRAIN": ("run", "there is no validation split; val points at the training pictures"),
    "N_SPLIT_EMPTY": ("run", "a declared split has no record"),
}
_NOTICE_AUDIT = {"N_CLASS_OBSERVED": "CLASS_SCHEMA_UNAVAILABLE", "N_CLASS_ENTRY": "CLASS_SCHEMA_ENTRY_INVALID"}
_FINDING: dict[str, tuple[Severity, str]] = {
    "C_TEXT": ("error", "a text file is not UTF-8, has a byte-order mark, or holds NUL"),
    "C_PATH": ("error", "a reference is absolute, unsafe, leaves the dataset, or leads to no regular file"),
    "C_IMAGE_MISSING": ("error or warn", "a referenced picture is absent; a warning where the manifest says so"),
    "C_IMAGE_SIZE": (
        "error or warn",
        "not the display size of the picture; or too many pixels for Pillow (warning)",
    ),
    "C_IMAGE_DAMAGED": ("error", "the header or structure of a picture is damaged"),
    "C_EXIF_ROTATED": ("warn", "a picture is stored turned; loaders differ in whether they turn it upright"),
    "C_STRAY": ("warn", "a picture or label lacks its partner, or a file is not in the manifest"),
    "C_COUNTS": ("error", "the account does not balance, or differs from what is in the files"),
    "C_CASE_TWIN": ("warn", "two paths are one on file systems that ignore case or normalise"),
    "C_SPLIT_LEAK": ("warn", "the same picture or group is in two splits"),
    "C_EMPTY": ("warn", "the dataset or a split has no picture or no annotation"),
    "C_COCO_JSON": ("error", "no strict ASCII JSON, or a mandatory list or key is absent, null or not finite"),
    "C_COCO_ID": ("error", "an id is no int, not unique in its list, or an annotation id below 1"),
    "C_COCO_REF": ("error", "an annotation refers to a picture or category that is not listed"),
    "C_COCO_CATEGORY": ("error or warn", "category names are not unique; or ids have gaps or start at 0 (warning)"),
    "C_COCO_FILE": ("error", "a file_name is not unique, not relative, or uses backslashes"),
    "C_COCO_KEYS": ("error", "a detection annotation lacks bbox, area, iscrowd or segmentation"),
    "C_COCO_BBOX": ("error", "a bbox is not four finite numbers with positive sides inside the picture"),
    "C_COCO_AREA": ("error or warn", "an area is not finite and positive; or off the geometry by over 1 % (warning)"),
    "C_COCO_CROWD": ("error", "iscrowd is neither 0 nor 1, or 1 on a polygon"),
    "C_COCO_RING": ("error", "a ring is odd, has under six numbers, is not finite, or leaves the picture"),
    "C_COCO_RLE": ("error", "an RLE has another size than the picture, or counts that do not fill it"),
    "C_COCO_MIXED": ("error or warn", "some annotations of a file have a segmentation and some have none"),
    "C_COCO_KPT": ("error", "key points, their count or the category's skeleton are wrong"),
    "C_COCO_KPT17": ("warn", "there are not 17 key points, so the default sigmas of the evaluation do not fit"),
    "C_COCO_PANOPTIC": ("error", "panoptic PNG and segments_info do not agree"),
    "C_YOLO_YAML": ("error or warn", "a key of data.yaml is absent or wrong; or val is called validation (warning)"),
    "C_YOLO_N0": ("warn", "class 0 starts with n0, and known ImageNet codes are renamed by the loader"),
    "C_YOLO_SPLIT": ("error or warn", "a split folder is absent or has no picture; or val is train (warning)"),
    "C_YOLO_PAIR": ("error", "a picture and its label file do not pair by the loader's rule"),
    "C_YOLO_NAME": ("error", "a picture has an extension or a name that the loader passes over"),
    "C_YOLO_FORMAT": ("error or warn", "the loader drops the picture; or rewrites a JPEG without end marker (warning)"),
    "C_YOLO_ROW": ("error", "a row has not the form of the task, or a class out of range"),
    "C_YOLO_RANGE": ("error or warn", "a coordinate or box leaves the picture; or an outline by under 1 % (warning)"),
    "C_YOLO_DUPLICATE": ("error", "two rows of a label file are equal"),
    "C_YOLO_POSE": ("error or warn", "rows do not fit kpt_shape or flip_idx is wrong; or flip_idx is absent (warning)"),
    "C_YOLO_MASKS": ("error", "a folder masks/ beside data.yaml changes how the loader reads labels"),
    "C_YOLO_CLASSIFY": ("error", "a split or class folder of a classification dataset is absent"),
    "C_VOC_XML": ("error", "the XML is not well-formed, has a DOCTYPE, or lacks an element"),
    "C_VOC_SIZE": ("error", "width, height or depth is no positive integer"),
    "C_VOC_BOX": ("error", "a bndbox is not integer, not ordered, or leaves the picture"),
    "C_VOC_FLAG": ("error", "truncated, difficult, pose or name is absent, or a flag is neither 0 nor 1"),
    "C_VOC_SET": ("error", "an id list has an unusable or repeated id, or does not match the XML files"),
    "C_VOC_JPG": ("warn", "the picture of an id is not <id>.jpg, which loaders expect"),
    "C_VOC_FILENAME": ("error", "filename is not the name of the picture"),
    "C_VOC_PLANE": ("error", "a segmentation plane has the wrong mode, size or values"),
    "C_VOC_CLASS_SET": ("error", "a line of a class's list contradicts the XML"),
    "C_VOC_YEAR": ("warn", "torchvision offers no set of this name for this year"),
    "C_CSV_HEADER": ("error", "the columns are not the dialect's in its order, or the first name holds a mark"),
    "C_CSV_QUOTE": ("error", "records differ in their column count, or a number or JSON cell cannot be read"),
    "C_CSV_FORMULA": ("error or warn", "a cell would run as a formula in a spreadsheet; a warning under raw=yes"),
    "C_CSV_MISSING": ("warn", "a label reads as a missing value in dataframe libraries"),
    "C_CSV_BOX": ("error", "a box has not the numbers, order or range of the dialect"),
    "C_CSV_NEGATIVE": ("error", "a picture has no row and does not stand in the side table"),
    "C_PARQUET": ("error", "the schema is not that of the long table"),
}


def _table() -> Iterator[Code]:
    for word, meaning in _BUNDLE.items():
        yield Code(word, "bundle", meaning)
    for word, (meaning, audit) in _RECORD.items():
        yield Code(word, "record", meaning, audit)
    for word, meaning in _NUMBER.items():
        yield Code(word, "annotation or record", meaning, "INVALID_GEOMETRY")
    for part in (_ANNOTATION, _LOSS, _SKIP):
        for word, (meaning, audit) in part.items():
            yield Code(word, "annotation", meaning, audit)
    for word, (scope, meaning) in _NOTICE.items():
        yield Code(word, scope, meaning, _NOTICE_AUDIT.get(word))
    for word, (severity, meaning) in _FINDING.items():
        yield Code(word, "dataset", meaning, severity=severity)


#: Every code of exportkit by its word, in the order of the reference page.
CODES: Mapping[str, Code] = MappingProxyType({code.word: code for code in _table()})
