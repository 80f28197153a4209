"""What the survey counts of a record, without its annotations being built."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from exportkit.records import FileReference, Keypoints, Record, Rejected, Skeleton

__all__ = ["RecordSurvey", "survey_of"]


class RecordSurvey(msgspec.Struct, gc=False):
    """The facts of one record that a plan is made from; fields as in :class:`exportkit.records.Record`.

    ``contents`` has kind and label of each annotation that a writer can have, in source order.
    """

    item_id: int | str
    media_id: str | None = None
    medium: str = "image"
    name: str = ""
    width: int = 0
    height: int = 0
    file: FileReference | None = None
    split: str | None = None
    group: str | None = None
    notices: tuple[tuple[str, str], ...] = ()
    contents: Sequence[tuple[str, str | None]] = ()
    rejected: tuple[Rejected, ...] = ()
    #: Class and skeleton of each object with key points.
    skeletons: Sequence[tuple[str, Skeleton]] = ()
    #: Objects with key points that have a region, too.
    outlined: int = 0
    #: Class and number of each annotation that has both, where somebody asks for them.
    numbers: Sequence[tuple[str, int]] = ()


def survey_of(record: Record, skeleton: Skeleton | None = None) -> RecordSurvey:
    """The survey of a record that is at hand; ``skeleton`` is the one that the user gave for all objects."""
    return RecordSurvey(
        item_id=record.item_id,
        media_id=record.media_id,
        medium=record.medium,
        name=record.name,
        width=record.width,
        height=record.height,
        file=record.file,
        split=record.split,
        group=record.group,
        notices=record.notices,
        contents=[(annotation.kind, annotation.label) for annotation in record.annotations],
        rejected=record.rejected,
        skeletons=tuple(
            (annotation.label, Skeleton.of(annotation.geometry, skeleton))
            for annotation in record.annotations
            if annotation.kind == "keypoints"
            and annotation.label is not None
            and isinstance(annotation.geometry, Keypoints)
        ),
        outlined=sum(a.kind == "keypoints" and a.region is not None for a in record.annotations),
    )
