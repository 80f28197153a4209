"""The fast path in C: the twin of :class:`exportkit.normalize.seed_fast.SeedFast`, and of the general way for DM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exportkit.native import core
from exportkit.normalize.item import NO_MEDIA, file_digest
from exportkit.normalize.options import InputOptions
from exportkit.normalize.survey import RecordSurvey
from exportkit.records import Annotation, FileReference, Keypoints, Record, Skeleton
from exportkit.records.box import Box, RotatedBox
from exportkit.records.region import LazyRegion

if TYPE_CHECKING:
    from exportkit.native._core import SeedReader

__all__ = ["seed_reader"]


def seed_reader(options: InputOptions) -> SeedReader | None:
    """The compiled reader of ordinary lines; None where it is not built, or the options ask for more than it knows.

    Its ``survey`` and ``normalise`` give what those of ``SeedFast`` give, and of lines of DM what the normalisers of
    DM give, or None for a line that is not ordinary enough, also where ``SeedFast`` takes it. A line of DM with a
    key that no schema names is left to the general way, which notes it.
    """
    if core is None or options.group_by not in {None, "group"}:
        return None
    reader: SeedReader = core.SeedReader(
        annotation=Annotation,
        box=Box,
        region=LazyRegion,
        record=Record,
        survey=RecordSurvey,
        file=FileReference,
        digest=file_digest,
        no_media=(NO_MEDIA,),
        rotated=RotatedBox if not options.rotation_words else None,
        keypoints=Keypoints if options.skeleton is None else None,
        skeleton=_skeleton_of,
    )
    return reader


def _skeleton_of(points: int) -> Skeleton:
    """The skeleton of objects with so many points without names."""
    return Skeleton.of(Keypoints(((0, 0, 0),) * points))
