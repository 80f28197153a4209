"""Neighbouring records of a shard, offered to outputs one by one or in runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from exportkit.conversion.row_columns import RowColumns
from exportkit.conversion.rows import Row
from exportkit.records import Record
from exportkit.writing import Outcome, RecordRun
from exportkit.writing.ledger import ListedRecord
from exportkit.writing.overlaps import sampled
from exportkit.writing.record_run import Shares

if TYPE_CHECKING:
    from exportkit.native._core import SeedRun

__all__ = ["RecordBatch"]


class RecordBatch:
    """Rows with their records, which are made when an output asks for one of them."""

    def __init__(
        self,
        rows: list[Row],
        ordinal: int,
        read: Callable[[int], list[Record | None]],
        where: Callable[[Row], tuple[str, int]],
    ) -> None:
        """``read`` makes the records of the row at a place; ``ordinal`` is that of the first record.

        ``where`` tells the path of a row's part and the number of its line.
        """
        self.rows = rows
        self._where = where
        counts = [
            not row.media[0].dropped if len(row.media) == 1 else sum([not media.dropped for media in row.media])
            for row in rows
        ]
        self.ordinals = [*accumulate(counts, initial=ordinal)]
        #: Ordinal of the first record behind the batch.
        self.end = self.ordinals.pop()
        self._read = read
        self._annotations: SeedRun | None = None
        self._measures_all = False
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

    def allow_runs(self, annotations: SeedRun, columns: RowColumns, *, measures_all: bool, most_pixels: int) -> None:
        """Let neighbouring rows whose annotations are at hand, and usual ones, be encoded as runs.

        All records are to be measured, or those of the sample, but for masks of more than ``most_pixels``.
        """
        self._most_pixels = most_pixels
        self._annotations = annotations
        self._measures_all = measures_all
        self._columns = columns

    def _stops_of(self, annotations: SeedRun, boxless: frozenset[str], *, shares: bool) -> list[int]:
        """For each row where the run that begins there stops; kinds that are ``boxless`` need no box.

        With ``shares`` all regions of records that are to be measured are measured here, or these records are encoded
        one by one.
        """
        known = self._stops.get((shares, boxless))
        if known is not None:
            return known
        allowed = annotations.usual(boxless)
        for at in self._measured() if shares else ():
            if allowed[at]:
                found = annotations.shares(at, self._most_pixels)
                allowed[at] = found is not None
                if found:
                    self._shares[at] = found
        stop = len(self.rows)
        stops: list[int] = []
        for at in range(len(self.rows) - 1, -1, -1):
            if not allowed[at]:
                stop = at
            stops.append(stop)
        stops.reverse()
        self._stops[shares, boxless] = stops
        return stops

    def _measured(self) -> Sequence[int]:
        """Places of the records that are to be measured."""
        if self._measures_all:
            return range(len(self.rows))
        return [at for at, is_measured in enumerate(sampled(self._columns.ids)) if is_measured]

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
        if stops[at] == at or longest == 0:
            return None
        names, stems = self._named(layout)
        stop = min(stops[at], at + longest)
        here, columns = slice(at, stop), self._columns
        return RecordRun(
            columns.ids[here], columns.splits[here], names[here], stems[here],
            columns.widths[here], columns.heights[here], columns.depths[here],
            self._annotations, at, stop, plain, self.ordinals[at], bases,
            {place - at: own for place, own in self._shares.items() if at <= place < stop} if shares else {},
        )  # fmt: skip

    def _named(self, layout: str) -> tuple[list[str], list[str]]:
        """Names of pictures and their stems; of use for plain names, which have an extension."""
        known = self._names.get(layout)
        if known is None:
            names = self._columns.names
            if layout == "flat":
                names = [name[name.rfind("/") + 1 :] for name in names]
            known = self._names[layout] = names, [name[: name.rfind(".")] for name in names]
        return known
