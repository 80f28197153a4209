"""Records that a writer may encode many at a time, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import msgspec

from exportkit.records import BoxTexts
from exportkit.writing.outcome import Outcome

__all__ = ["EncodedRun", "Exceptions", "Overlaps", "RecordRun", "Shares"]

#: Of regions of one record: position among its annotations, share of its box that it covers, id or position.
Shares = Sequence[tuple[int, float, int | str]]
#: Place of a record in its run, position of an annotation, code, IoU, and the annotation's id or position.
Overlaps = Sequence[tuple[int, int, str, float, int | str]]
#: Key of a stream → place of a record in its run → piece.
Exceptions = Mapping[str, Mapping[int, bytes]]


class RecordRun(msgspec.Struct, frozen=True, gc=False):
    """Consecutive images in record order, with one entry of each column for each of them.

    Each has a known size, the name that it would have anyway, and no notice; how many bytes
    its picture has is not known yet. ``ids`` to ``depths`` are as in :class:`~exportkit.writing.plan.Placement` and
    :class:`~exportkit.records.Record`. Their annotations lie in the compiled core and are read by makers of texts
    only.
    """

    ids: Sequence[int | str]
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
    #: Outcomes that were met before, of which the core knows what is to be listed.
    plain: set[Outcome]
    #: The place of the first of them among all records, and for each numbering of the writer its annotations before.
    ordinal: int = 0
    bases: tuple[int, ...] = ()
    #: Of measured records, by their place in the run, how much of its box each region covers.
    shares: Mapping[int, Shares] = {}

    def texts(
        self,
        maker: BoxTexts,
        *,
        heads: list[bytes] | None = None,
        starts: list[bytes] | None = None,
        ends: bytes = b"",
        tail: bytes = b"",
        distinct: bool = False,
        crowds: Mapping[str, tuple[Outcome, Outcome]] | None = None,
        crowd_heads: Mapping[str, bytes] | None = None,
    ) -> tuple[list[bytes], list[Outcome]]:
        """Texts of the leading records that are ordinary in every respect, and the outcomes of their annotations.

        A text is ``head (start text end)* tail``, with head and start of the record. With ``distinct`` a record of
        which two annotations have equal texts is not ordinary. Crowds are ordinary where ``crowds`` has outcomes for
        their kind, without and with attributes; they have the texts of other boxes with heads of their own or,
        without ``crowd_heads``, none. A record with nothing but such crowds is not ordinary.
        """
        return maker.of_run(
            self.annotations, self.start, self.stop, heads, starts, ends, tail, self.plain, distinct,
            dict(crowds or {}), None if crowd_heads is None else dict(crowd_heads),
        )  # fmt: skip

    def of_split(self, split: str, pieces: Sequence[bytes]) -> list[bytes]:
        """Pieces of the leading records that stand in a split, with nothing in the place of the others."""
        own = self.splits[: len(pieces)]
        if own.count(split) == len(pieces):
            return [*pieces]
        return [piece if other == split else b"" for piece, other in zip(pieces, own, strict=True)]

    def counts(self, records: int) -> list[int]:
        """How many annotations each of the leading records has."""
        counts: list[int] = self.annotations.counts(self.start, self.start + records)
        return counts

    def overlaps(self, records: int, outcomes: Sequence[Outcome], code: str) -> Overlaps:
        """What was measured of the leading records: the regions whose outcome says that their box stands for them."""
        found = []
        if self.shares:
            ends = [0, *accumulate(self.counts(records))]
            for place, shares in self.shares.items():
                for position, share, name in shares if place < records else ():
                    if code in outcomes[ends[place] + position].codes:
                        found.append((place, position, code, share, name))
        return found

    def classes(self, records: int) -> list[dict[str, bool]]:
        """Of each of the leading records its class names, each with whether one of its objects is no crowd."""
        classes: list[dict[str, bool]] = self.annotations.classes(self.start, self.start + records)
        return classes

    def class_lines(self, easy: list[bytes], hard: list[bytes]) -> dict[str, dict[int, bytes]]:
        """Class → place of a record that has it → the record's line: of ``hard`` where all its objects are crowds.

        As many leading records are looked at as there are lines.
        """
        lines: dict[str, dict[int, bytes]] = self.annotations.class_lines(
            self.start, self.start + len(easy), easy, hard
        )
        return lines


class EncodedRun(msgspec.Struct, gc=False):
    """What the leading records of a run become; as many as there are ``pictures``.

    Each annotation has a plain outcome, and one entry in the dataset if the outcome keeps it; of a record with
    annotations at least one is kept.
    """

    #: Outcomes of all annotations, one list for all records.
    outcomes: list[Outcome]
    #: Planned places of the pictures, as :meth:`Writer.picture_place` gives them.
    pictures: Sequence[str]
    #: One small file of each record (path, content), or none at all.
    files: Sequence[tuple[str, bytes]] = ()
    #: Stream key → the piece of each record, empty where it has none.
    streams: Mapping[str, Sequence[bytes]] = {}
    #: Key of a stream for which another one stands in (``Fragments.otherwise``) → place of a record in the run → piece.
    exceptions: Exceptions = {}
    #: As :meth:`RecordRun.overlaps` gives them.
    overlaps: Overlaps = ()
