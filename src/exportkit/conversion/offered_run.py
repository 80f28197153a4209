"""What a writer makes of neighbouring records before anything of them is written."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from exportkit.conversion.class_gate import ClassGate
from exportkit.conversion.media import obey
from exportkit.conversion.record_batch import RecordBatch
from exportkit.conversion.rows import Row
from exportkit.conversion.run_rules import leading, sound_run
from exportkit.conversion.setup import OutputSetup
from exportkit.conversion.stream_pieces import StreamPieces
from exportkit.errors import RecordFault
from exportkit.writing import EncodedRun, Outcome, RecordRun, Writer

__all__ = ["OfferedRun", "RunOffers"]

#: What a writer prepares for a run is for nothing behind the first record that is not ordinary, so that runs are short
#: where such records were met.
_SHORTEST_RUN, _LONGEST_RUN = 32, 256


class OfferedRun(NamedTuple):
    """Leading records of a batch, and what the writer makes of some of them; nothing is written yet."""

    run: RecordRun
    encoded: EncodedRun

    @property
    def pictures(self) -> Sequence[str]:
        """Places of the pictures of the records that may be taken."""
        return self.encoded.pictures

    def leading(self, count: int) -> OfferedRun:
        """The first so many records."""
        return OfferedRun(self.run, leading(self.encoded, self.run, count))


class RunOffers:
    """Has a writer encode many records at a time, as many as may be believed."""

    def __init__(
        self,
        setup: OutputSetup,
        writer: Writer,
        streams: StreamPieces,
        classes: ClassGate,
        renamed: Iterable[int],
        *,
        places: bool,
    ) -> None:
        """``renamed`` are places of records whose name is not their own; ``places`` tells that pictures are placed."""
        kind = type(writer)
        self._writer = writer
        self._streams = streams
        self._classes = classes
        self._renamed = sorted(renamed)
        self._layout = kind.naming(setup.options).layout
        self._pictures = kind.pictures(setup.options) if places else None
        self._takes_shares = writer.takes_shares()
        self._boxless = writer.takes_boxless()
        self._longest = _LONGEST_RUN
        #: Whether the writer is offered many records at a time.
        self.takes_runs = (
            kind.encode_run is not Writer.encode_run and not setup.transcodes and "image" in kind.accepts_media
        )

    def offer(self, batch: RecordBatch, at: int, plain: set[Outcome], bases: tuple[int, ...]) -> OfferedRun | None:
        """What the leading records of a batch from ``at`` on become; None where the first one has to be taken alone."""
        if not self.takes_runs:
            return None
        longest = min(self._longest, self._before_renamed(batch.ordinals[at]))
        run = batch.run(
            at, self._layout, plain, bases, longest=longest, shares=self._takes_shares, boxless=self._boxless
        )
        encoded = self._encode(run) if run is not None else None
        if run is None or encoded is None:
            self._longest = max(self._longest // 2, _SHORTEST_RUN)
            return None
        offered = OfferedRun(run, encoded)
        if self._classes.judges:
            offered = offered.leading(self._classes.passed(run.classes(len(offered.pictures))))
        return offered.leading(self._obedient(batch.rows[at : at + len(offered.pictures)]))

    def note_taken(self, taken: OfferedRun) -> None:
        """Note that these leading records of a run were taken: of one as long as may be, the next one may be longer."""
        if len(taken.pictures) == self._longest:
            self._longest = min(2 * self._longest, _LONGEST_RUN)

    def _before_renamed(self, ordinal: int) -> int:
        """How many records from one on have their own names, as far as that matters."""
        place = bisect_left(self._renamed, ordinal)
        return self._renamed[place] - ordinal if place < len(self._renamed) else _LONGEST_RUN

    def _obedient(self, rows: Sequence[Row]) -> int:
        """How many leading rows have pictures that the consumer takes."""
        if self._pictures is None:
            return len(rows)
        for place, row in enumerate(rows):
            try:
                obey(row.media[0], self._pictures)
            except RecordFault:
                return place
        return len(rows)

    def _encode(self, run: RecordRun) -> EncodedRun | None:
        """What the writer gives for leading records; None where that is nothing, or nothing to be believed."""
        encoded: EncodedRun | None = None
        try:
            encoded = self._writer.encode_run(run)
            if encoded is None:
                return None
            is_sound = sound_run(encoded, run) and self._streams.have_room(encoded.streams, encoded.exceptions)
        except Exception:  # noqa: BLE001 - one record at a time, it tells what is wrong with it
            is_sound = False
        self.takes_runs = is_sound
        return encoded if encoded is not None and is_sound and encoded.pictures else None
