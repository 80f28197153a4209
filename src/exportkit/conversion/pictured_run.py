"""Neighbouring records with pictures that all outputs take at once: each original is read once."""

from __future__ import annotations

from collections.abc import Sequence

from exportkit.conversion.media import MediaStep, Original
from exportkit.conversion.offered_run import OfferedRun
from exportkit.conversion.record_batch import RecordBatch
from exportkit.conversion.shard_output import ShardOutput

__all__ = ["take_with_pictures"]


def take_with_pictures(batch: RecordBatch, at: int, outputs: Sequence[ShardOutput], media: MediaStep) -> int:
    """Place the pictures of leading records of a batch from ``at`` on, and encode them; how many were taken.

    What is wrong with a record, its picture, or with what a writer gives is left to :meth:`ShardOutput.take` to tell.
    """
    if not (all(output.takes_runs for output in outputs) and media.copies_into([o.staging for o in outputs])):
        return 0
    offers: list[OfferedRun] = []
    for output in outputs:
        offered = output.offer_run(batch, at)
        if offered is None or not offered.pictures:
            return 0
        offers.append(offered)
    count = min(len(offered.pictures) for offered in offers)
    targets = [(output.staging, offered.pictures) for output, offered in zip(outputs, offers, strict=True)]
    placed = media.copy_run(_originals(batch, at, count, offers[0]), targets)
    offers = [offered.leading(len(placed)) for offered in offers]
    written = [output.write_run(offered) for output, offered in zip(outputs, offers, strict=True)]
    count = min(written)
    for output, offered, own in zip(outputs, offers, written, strict=True):
        output.take_back(offered, count, own)
        output.keep_run(batch, at, offered.leading(count), placed[:count])
    return count


def _originals(batch: RecordBatch, at: int, count: int, offered: OfferedRun) -> list[Original]:
    """The files of leading records."""
    files = offered.run.annotations.files(at, at + count)
    rows = batch.rows[at : at + count]
    return [
        Original(path, size, digest, row.media[0].format) for (path, size, digest), row in zip(files, rows, strict=True)
    ]
