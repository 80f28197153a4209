"""Neighbouring records of a shard, offered to outputs one by one or in runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from exportkit.conversion.rows import MediaRow, Row
from exportkit.records import Record
from exportkit.writing import Outcome, RecordRun
from exportkit.writing.ledger import ListedRecord
from exportkit.writing.record_run import Shares

if TYPE_CHECKING:
    from exportkit.native._core import SeedRun

__all__ = ["RecordBatch", "may_run"]

_BOXES = frozenset({"box"})
#: Kinds that may stand in a run where they have a box beside them.
_PERHAPS_BOXED = _BOXES | {"polygon", "mask", "keypoints"}


class RecordBatch:
    """Rows with their records, which are made when an output asks for one of them."""

    def __init__(
        self,
        rows: Sequence[Row],
        ordinal: int,
        read: Callable[[int], list[Record | None]],
        where: Callable[[Row], tuple[str, int]],
    ) -> None:
        """``read`` makes the records of the row at a place; ``ordinal`` is that of the first record.

        ``where`` tells the path of a row's part and the number of its line.
        """
        self.rows = rows
        self._where = where
        self.ordinals: list[int] = []
        for row in rows:
            self.ordinals.append(ordinal)
            ordinal += sum([not media.dropped for media in row.media])
        #: Ordinal of the first record behind the batch.
        self.end = ordinal
        self._read = read
        self._annotations: SeedRun | None = None
        self._measured: Sequence[bool] = ()
        self._most_pixels = 0
        self._stops: dict[tuple[bool, frozenset[str]], list[int]] = {}
        self._shares: dict[int, Shares] = {}
        self._names: dict[str, tuple[list[str], list[str]]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def records(self, at: int) -> list[Record | None]:
        """The records of the row at a place, sized by the row; None for one that a hook dropped."""
        return self._read(at)

    def listed(self, at: int) -> ListedRecord:
        """What a list says of a row's record that was encoded in a run."""
        row = self.rows[at]
        names, paths = (
            ((), ()) if self._annotations is None else (self._annotations.names(at), self._annotations.paths(at))
        )
        return ListedRecord(row.id, *self._where(row), names, paths, row.media[0].media_id)

    def allow_runs(self, annotations: SeedRun, measured: Sequence[bool], most_pixels: int) -> None:
        """Let neighbouring rows whose annotations are at hand, and usual ones, be encoded as runs.

        ``measured`` tells which records are to be measured, but for masks of more than ``most_pixels``.
        """
        self._most_pixels = most_pixels
        self._annotations = annotations
        self._measured = measured
        self._ids = [row.id for row in self.rows]
        media = [row.media[0] for row in self.rows]
        self._splits = [one.split for one in media]
        self._widths = [one.width for one in media]
        self._heights = [one.height for one in media]
        self._depths = [one.depth for one in media]

    def _stops_of(self, annotations: SeedRun, boxless: frozenset[str], *, shares: bool) -> list[int]:
        """For each row where the run that begins there stops; kinds that are ``boxless`` need no box.

        With ``shares`` all regions of records that are to be measured are measured here, or these records are encoded
        one by one.
        """
        known = self._stops.get((shares, boxless))
        if known is not None:
            return known
        allowed = annotations.usual(boxless)
        for at, is_measured in enumerate(self._measured if shares else ()):
            if is_measured and allowed[at]:
                found = annotations.shares(at, self._most_pixels)
                allowed[at] = found is not None
                if found:
                    self._shares[at] = found
        stop = len(self.rows)
        stops = []
        for at in range(len(self.rows) - 1, -1, -1):
            if not allowed[at]:
                stop = at
            stops.append(stop)
        stops.reverse()
        self._stops[shares, boxless] = stops
        return stops

    def run(
        self,
        at: int,
        layout: Literal["tree", "flat"],
        plain: set[Outcome],
        bases: tuple[int, ...] = (),
        *,
        longest: int,
        shares: bool = True,
        boxless: frozenset[str] = frozenset(),
    ) -> RecordRun | None:
        """At most so many records from a place on that may be encoded together; None where there is none.

        ``shares`` as of :meth:`Writer.takes_shares`, ``boxless`` as of :meth:`Writer.takes_boxless`.
        """
        if self._annotations is None:
            return None
        stops = self._stops_of(self._annotations, boxless, shares=shares)
        if stops[at] == at:
            return None
        names, stems = self._named(layout)
        stop = min(stops[at], at + longest)
        here = slice(at, stop)
        return RecordRun(
            self._ids[here], self._splits[here], names[here], stems[here],
            self._widths[here], self._heights[here], self._depths[here],
            self._annotations, at, stop, plain, self.ordinals[at], bases,
            {place - at: own for place, own in self._shares.items() if at <= place < stop} if shares else {},
        )  # fmt: skip

    def _named(self, layout: str) -> tuple[list[str], list[str]]:
        """Names of pictures and their stems; of use for plain names, which have an extension."""
        known = self._names.get(layout)
        if known is None:
            names = [row.media[0].name for row in self.rows]
            if layout == "flat":
                names = [name[name.rfind("/") + 1 :] for name in names]
            known = self._names[layout] = names, [name[: name.rfind(".")] for name in names]
        return known


def may_run(row: Row, boxless: frozenset[str]) -> bool:
    """Whether a row is one image about which there is nothing to be said, and each annotation may have a box.

    Kinds that are ``boxless`` need none.
    """
    return len(row.media) == 1 and _is_plain(row.media[0]) and not _lacks_boxes(row.media[0], boxless)


def _lacks_boxes(media: MediaRow, boxless: frozenset[str]) -> bool:
    # Only schemas with media give an id to each, and in these nothing but a box has one.
    boxed = _BOXES if media.media_id is not None else _PERHAPS_BOXED
    return not (media.kinds.keys() - boxless) <= boxed


def _is_plain(media: MediaRow) -> bool:
    return (
        media.plain_name
        and media.width > 0
        and media.orientation == 1
        and media.fault is None
        and not (media.notices or media.dropped)
    )
