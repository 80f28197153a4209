"""The second reading: records of one shard become fragments and small files, once for every output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from exportkit.conversion.class_gate import unreadable
from exportkit.conversion.collector import without_collector
from exportkit.conversion.media import MediaStep
from exportkit.conversion.output_shard import OutputShard
from exportkit.conversion.pictured_run import take_with_pictures
from exportkit.conversion.record_batch import RecordBatch
from exportkit.conversion.rows import Row, read_rows
from exportkit.conversion.setup import EncodeSetup, load_setup
from exportkit.conversion.shard_output import ShardOutput
from exportkit.conversion.source import ShardSource
from exportkit.records import Canvas, Record

__all__ = ["EncodeJob", "OutputShard", "encode_shard"]


class EncodeJob(msgspec.Struct, frozen=True):
    """A run of records in output order."""

    setup: Path
    rows: Path
    #: True where record order is the reverse of the order of the rows.
    backwards: bool
    #: Added to the line numbers of the rows.
    line_base: int
    #: Records before this shard.
    ordinal: int
    #: For each output and each of its numberings: annotations before this shard.
    bases: tuple[tuple[int, ...], ...]
    #: For each naming rule: new names by ordinal.
    renamed: tuple[Mapping[int, str], ...]
    #: For each output: entries by code that earlier shards are known to have listed, so that this one lists no more
    #: than has room.
    listed: tuple[Mapping[str, int], ...]


@without_collector
def encode_shard(job: EncodeJob) -> list[OutputShard]:
    """Encode one shard for every output; one result for each, in the order of the outputs."""
    setup: EncodeSetup = load_setup(job.setup)
    rows = _rows_of(job)
    with ShardSource(setup.survey, rows, job.line_base) as source:
        media = MediaStep(setup.survey, source.files)
        outputs = [
            ShardOutput(output, setup, media, bases, job.renamed[output.rule], listed)
            for output, bases, listed in zip(setup.outputs, job.bases, job.listed, strict=True)
        ]
        in_runs = not setup.survey.validate_full
        ordinal = job.ordinal
        most_pixels = min([output.plan.max_pixels for output in setup.outputs], default=0)
        boxless = frozenset().union(*[output.boxless for output in outputs])
        batches = source.batches(
            ordinal, in_runs=in_runs, boxless=boxless, measures_all=setup.measures_all, most_pixels=most_pixels
        )
        encode = _encode_pictured if media.opens_files else _encode_batch
        for batch in batches:
            encode(batch, outputs, media, setup)
        return [output.finish() for output in outputs]


def _encode_batch(batch: RecordBatch, outputs: Sequence[ShardOutput], media: MediaStep, setup: EncodeSetup) -> None:
    """Give each output the records of a batch: in runs where it takes them, else one by one, all outputs together."""
    ahead = [0] * len(outputs)
    while (at := min(ahead)) < len(batch):
        waiting = []
        for place, output in enumerate(outputs):
            if ahead[place] == at:
                ahead[place] += output.take_run(batch, at)
                if ahead[place] == at:
                    ahead[place] += 1
                    waiting.append(output)
        if waiting:
            _encode_row(batch, at, waiting, media, setup)


def _encode_pictured(batch: RecordBatch, outputs: Sequence[ShardOutput], media: MediaStep, setup: EncodeSetup) -> None:
    """Give all outputs the records of a batch together, so that each original is read once."""
    at = 0
    while at < len(batch):
        taken = take_with_pictures(batch, at, outputs, media)
        if not taken:
            _encode_row(batch, at, outputs, media, setup)
            taken = 1
        at += taken


def _encode_row(
    batch: RecordBatch, at: int, outputs: Sequence[ShardOutput], media: MediaStep, setup: EncodeSetup
) -> None:
    """Encode the records of one row."""
    row, ordinal = batch.rows[at], batch.ordinals[at]
    for media_row, record in zip(row.media, batch.records(at), strict=True):
        if record is None or media_row.dropped:
            for output in outputs:
                output.ledger.record_filtered()
            continue
        if setup.survey.validate_full:
            record = _judged_whole(record)  # noqa: PLW2901 - the same record, with faults where it has any
        picture = media.open(record, media_row)
        for output in outputs:
            output.take(record, media_row, ordinal, picture)
        picture.close()
        ordinal += 1


def _rows_of(job: EncodeJob) -> list[Row]:
    rows = list(read_rows(job.rows, Row))
    if job.backwards:
        rows.reverse()
    return rows


def _judged_whole(record: Record) -> Record:
    """The record with every part of its geometry judged: an annotation with a bad part is bad for every writer."""
    canvas = Canvas(record.width, record.height)
    annotations = []
    for annotation in record.annotations:
        faults = canvas.judge(annotation)
        annotations.append(unreadable(annotation, faults[0]) if faults else annotation)
    return msgspec.structs.replace(record, annotations=tuple(annotations))
