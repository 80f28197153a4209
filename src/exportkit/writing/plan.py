"""What a writer may know before the first record is encoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from exportkit.records import Skeleton

__all__ = ["MediaMode", "Placement", "Plan", "SplitFacts"]

MediaMode = Literal["copy", "hardlink", "symlink", "none"]


class SplitFacts(msgspec.Struct, frozen=True):
    """One split: its name, how many records it has, and how many annotations of each kind."""

    name: str
    records: int
    kinds: Mapping[str, int]


class Plan(msgspec.Struct, frozen=True):
    """Facts of the whole input, from the survey alone; small, frozen and picklable.

    They count every record without an error on its line, whether or not its geometry, its picture or a
    writer fails later, so that a later failure leaves a hole but never moves anything.
    """

    #: Class names in index order, and the way back.
    classes: tuple[str, ...]
    class_index: Mapping[str, int]
    #: Splits in the order train, val, test, then others by name. Without any split: one, ``train``.
    splits: tuple[SplitFacts, ...]
    #: Annotations of each kind over all splits.
    kinds: Mapping[str, int]
    #: Records of each medium.
    media: Mapping[str, int]
    #: Records over all splits.
    records: int
    #: True where every record id is an int in 1…2⁵³−1 and every item gives one record.
    ids_usable: bool
    media_mode: MediaMode = "copy"
    #: True where the user gave or asked for a split, or a record names one.
    has_splits: bool = False
    #: What happens to partly outside geometry: clip, drop or fail.
    invalid: Literal["clip", "drop", "fail"] = "clip"
    #: Largest picture, in pixels, that may be decoded or rasterised.
    max_pixels: int = 1 << 28
    #: Of each class with key points its skeletons, the most frequent first (equal ones by name).
    skeletons: Mapping[str, tuple[Skeleton, ...]] = {}
    #: The skeleton that most objects of the dataset have (of equally frequent ones the first by name), or None.
    skeleton: Skeleton | None = None
    #: Objects with key points that have a region, too.
    outlined: int = 0
    #: For each class index the number that the source gave the class, where a writer asks for them
    #: (``Writer.numbers_classes``) and each class has exactly one of its own; else empty.
    class_numbers: Mapping[int, int] = {}
    #: ``{name: {class index: original number}}`` facts of normalisation that a manifest repeats.
    notes: Mapping[str, str] = {}

    @property
    def has_regions(self) -> bool:
        """True where the dataset has at least one polygon or mask."""
        return bool(self.kinds.get("polygon") or self.kinds.get("mask"))


class Placement(msgspec.Struct, frozen=True, gc=False):
    """Where one record goes in one output; made by the core from the plan."""

    split: str
    #: Planned name below the writer's media folder, ``/``-separated (``a/x.jpg``), safe and unique.
    name: str
    #: ``name`` without its extension; unique in the output after NFC and casefold.
    stem: str
    #: 0-based position of the record in output order over all splits.
    ordinal: int
    #: For each of the writer's numberings: annotations of those kinds before this record, over all splits.
    bases: tuple[int, ...] = ()
    #: Size of the picture in bytes, or -1.
    bytes: int = -1
    #: Whether a picture stands (or, with media mode ``none``, would stand) at the planned place.
    has_media: bool = True
    #: Channels as the header tells (1, 3, 4), 3 when unknown.
    depth: int = 3
    #: Whether the record belongs to the sample on which boxes in place of regions are measured.
    measured: bool = False
