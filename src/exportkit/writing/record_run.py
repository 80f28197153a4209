"""Records that a writer may encode many at a time, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from exportkit.records import BoxTexts
from exportkit.writing.outcome import Outcome

__all__ = ["EncodedRun", "RecordRun"]


class RecordRun(msgspec.Struct, frozen=True, gc=False):
    """Consecutive images in record order, with one entry of each column for each of them.

    Each has a known size, the name that it would have anyway, no notice, and no picture of its own to be copied;
    ``splits`` to ``depths`` are as in :class:`~exportkit.writing.plan.Placement` and
    :class:`~exportkit.records.Record`. Their annotations lie in the compiled core and are read by makers of texts
    only.
    """

    splits: Sequence[str]
    names: Sequence[str]
    stems: Sequence[str]
    widths: Sequence[int]
    heights: Sequence[int]
    depths: Sequence[int]
    #: The annotations, and where those of this run begin and end among them.
    annotations: Any
    start: int
    stop: int
    #: Outcomes that keep an annotation and have nothing to be listed.
    plain: set[Outcome]

    def texts(
        self,
        maker: BoxTexts,
        *,
        heads: list[bytes] | None = None,
        starts: list[bytes] | None = None,
        ends: bytes = b"",
        tail: bytes = b"",
        distinct: bool = False,
    ) -> tuple[list[bytes], list[Outcome]]:
        """Texts of the leading records that are ordinary in every respect, and the outcomes of their annotations.

        A text is ``head (start text end)* tail``, with head and start of the record. With ``distinct`` a record of
        which two annotations have equal texts is not ordinary.
        """
        return maker.of_run(self.annotations, self.start, self.stop, heads, starts, ends, tail, self.plain, distinct)

    def counts(self, records: int) -> list[int]:
        """How many annotations each of the leading records has."""
        counts: list[int] = self.annotations.counts(self.start, self.start + records)
        return counts

    def classes(self, records: int) -> list[tuple[str, ...]]:
        """The class names of each of the leading records, without repetition."""
        classes: list[tuple[str, ...]] = self.annotations.classes(self.start, self.start + records)
        return classes


class EncodedRun(msgspec.Struct, gc=False):
    """What the leading records of a run become; as many as there are ``pictures``.

    Each has one entry for each of its annotations in the dataset, and each annotation a plain outcome.
    """

    #: Outcomes of all annotations, one list for all records.
    outcomes: list[Outcome]
    #: Planned places of the pictures, as :meth:`Writer.picture_place` gives them.
    pictures: Sequence[str]
    #: One small file of each record (path, content), or none at all.
    files: Sequence[tuple[str, bytes]] = ()
    #: Stream key → the piece of each record, empty where it has none.
    streams: Mapping[str, Sequence[bytes]] = {}
    #: Key of a stream for which another one stands in (``Fragments.otherwise``) → pieces, each with the place of its
    #: record in the run.
    exceptions: Mapping[str, Sequence[tuple[int, bytes]]] = {}
