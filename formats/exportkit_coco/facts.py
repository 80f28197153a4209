"""What the checker remembers of a role file: little per piece, and eight bytes a picture over the whole."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from exportkit.native import core
from exportkit_coco.distinct import IdColumn, name_key
from exportkit_coco.panoptic_rules import PanopticEntry
from exportkit_coco.rules import CaptionEntry, ImageEntry, KeypointEntry, ObjectEntry, Size
from exportkit_coco.skeleton import Categories

__all__ = ["FileFacts", "Whole", "longer"]


class Ordinary(NamedTuple):
    """How many annotations of a piece were found faultless at once, and the text of the others."""

    objects: int
    rest: bytes


class FileFacts(msgspec.Struct):
    """What one batch of pieces tells about one role file."""

    image_ids: IdColumn = msgspec.field(default_factory=IdColumn)
    name_keys: IdColumn = msgspec.field(default_factory=IdColumn)
    annotation_ids: IdColumn = msgspec.field(default_factory=IdColumn)
    #: Pictures that annotations name and this batch does not hold.
    foreign_images: array[int] = msgspec.field(default_factory=lambda: array("q"))
    category_ids: set[int] = msgspec.field(default_factory=set)
    #: Pairs of a category and the number of key points that an object of it has.
    point_counts: set[tuple[int, int]] = msgspec.field(default_factory=set)
    segmented: int = 0
    bare: int = 0
    bare_crowds: int = 0
    #: Bytes and count of non-empty fragments by section, for a file assembled from them.
    images_span: tuple[int, int] = (0, 0)
    annotations_span: tuple[int, int] = (0, 0)
    #: Its categories, where the rest of the file was a piece of its own.
    categories: Categories | None = None

    def take_images(self, images: Sequence[ImageEntry]) -> None:
        """Remember pictures by id and name."""
        self.image_ids.extend([image.id for image in images])
        self.name_keys.extend([name_key(image.file_name) for image in images])

    def take_ordinary(self, data: bytes, sizes: Mapping[int, Size]) -> Ordinary | None:
        """Remember the annotations that the compiled core finds faultless; None where it cannot tell entries apart."""
        found = core.judge_coco_objects(data, sizes) if core is not None and data.isascii() else None
        if found is None:
            return None
        ids, _, categories, segmented, bare, odd = found
        self.annotation_ids.extend(array("q", ids))
        self.category_ids |= categories
        self.segmented += segmented
        self.bare += bare
        return Ordinary(segmented + bare, b",".join([data[start:end] for start, end in odd]))

    def take_captions(self, entries: Sequence[CaptionEntry]) -> set[int]:
        """Remember captions, and give the pictures that they name."""
        self.annotation_ids.extend([entry.id for entry in entries])
        return {entry.image_id for entry in entries}

    def take_keypoints(self, entries: Sequence[KeypointEntry]) -> set[int]:
        """Remember annotations with key points, and give the pictures that they name."""
        self.point_counts.update([(entry.category_id, len(entry.keypoints) // 3) for entry in entries])
        return self.take_objects(entries)

    def take_panoptic(self, entry: PanopticEntry) -> None:
        """Remember the categories of a picture's segments."""
        self.category_ids.update([info.category_id for info in entry.segments_info])

    def take_objects(self, entries: Sequence[ObjectEntry]) -> set[int]:
        """Remember annotations, and give the pictures that they name."""
        self.annotation_ids.extend([entry.id for entry in entries])
        self.category_ids.update([entry.category_id for entry in entries])
        crowds = [bool(entry.iscrowd) for entry in entries if not entry.segmentation]
        self.segmented += len(entries) - len(crowds)
        self.bare_crowds += sum(crowds)
        self.bare += len(crowds) - sum(crowds)
        return {entry.image_id for entry in entries}


class Whole:
    """All facts of one role file."""

    def __init__(self) -> None:
        self.image_ids, self.annotation_ids, self.names = IdColumn(), IdColumn(), IdColumn()
        self.foreign_images = array("q")
        self.category_ids: set[int] = set()
        self.point_counts: set[tuple[int, int]] = set()
        self.segmented = self.bare = self.bare_crowds = 0
        self.images_span = self.annotations_span = (0, 0)
        self.categories: Categories | None = None

    def take(self, facts: FileFacts) -> None:
        """Take what a batch tells; its columns are empty afterwards, so that no id is held twice."""
        self.image_ids.take(facts.image_ids)
        self.annotation_ids.take(facts.annotation_ids)
        self.names.take(facts.name_keys)
        self.foreign_images.extend(facts.foreign_images)
        self.category_ids |= facts.category_ids
        self.point_counts |= facts.point_counts
        self.segmented += facts.segmented
        self.bare += facts.bare
        self.bare_crowds += facts.bare_crowds
        self.images_span = _sum(self.images_span, facts.images_span)
        self.annotations_span = _sum(self.annotations_span, facts.annotations_span)
        self.categories = facts.categories or self.categories

    @property
    def is_empty(self) -> bool:
        """Whether the file has no annotation; entries of panoptic files are told by their segments."""
        return not self.annotation_ids and not self.category_ids


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def longer(span: tuple[int, int], data: bytes) -> tuple[int, int]:
    """The span with one more fragment."""
    return (span[0] + len(data), span[1] + 1) if data else span
