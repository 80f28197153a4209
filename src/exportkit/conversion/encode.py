"""The second reading: records of one shard become fragments and small files, once for every output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from exportkit.conversion.lists import FileEntry, ImageEntry
from exportkit.conversion.dataset import DatasetDirectory
from exportkit.conversion.media import MediaStep, PlacedFile
from exportkit.conversion.rows import MediaRow, Row, read_rows
from exportkit.conversion.setup import EncodeSetup, OutputSetup, load_setup
from exportkit.conversion.source import ShardSource
from exportkit.errors import AnnotationFault, RecordFault
from exportkit.records import LABELLED_KINDS, Record, Rejected
from exportkit.storage.staging import Staging
from exportkit.writing import CheckReport, Encoded, Fragments, Piece, Placement
from exportkit.writing.ledger import Counts, Entry, Ledger
from exportkit.writing.names import safe_name, split_stem

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


class OutputShard(msgspec.Struct):
    """What one job gives for one output."""

    counts: Counts
    errors: list[Entry]
    losses: list[Entry]
    streams: dict[str, bytes]
    files: list[bytes]
    images: bytes
    report: CheckReport | None = None

def encode_shard(job: EncodeJob) -> list[OutputShard]:
    """Encode one shard for every output; one result for each, in the order of the outputs."""
    setup: EncodeSetup = load_setup(job.setup)
    rows = _rows_of(job)
    with ShardSource(setup.survey, rows, job.line_base) as source:
        media = MediaStep(setup.survey, source.files)
        outputs = [
            _Output(output, setup, media, bases, job.renamed[output.rule])
            for output, bases in zip(setup.outputs, job.bases, strict=True)
        ]
        ordinal = job.ordinal
        for row, records in source.records():
            for media_row, record in zip(row.media, records, strict=True):
                if record is None or media_row.dropped:
                    for output in outputs:
                        output.ledger.record_filtered()
                    continue
                picture = media.open(record, media_row)
                for output in outputs:
                    output.take(record, media_row, ordinal, picture)
                picture.close()
                ordinal += 1
        return [output.finish() for output in outputs]


def _rows_of(job: EncodeJob) -> list[Row]:
    rows = list(read_rows(job.rows, Row))
    if job.backwards:
        rows.reverse()
    return rows


class _Output:
    """One output during one shard."""

    def __init__(
        self,
        setup: OutputSetup,
        run: EncodeSetup,
        media: MediaStep,
        bases: tuple[int, ...],
        renamed: Mapping[int, str],
    ) -> None:
        self.setup = setup
        self.writer = setup.writer(setup.options, setup.plan)
        self.ledger = Ledger(setup.label, run.loss_list)
        self._media = media
        self._rule = setup.writer.naming(setup.options)
        self._needs_size = setup.writer.needs_size(setup.options)
        self._pictures = setup.writer.pictures(setup.options)
        self._accepts = setup.writer.accepts_media
        self._numberings = setup.writer.numberings(setup.options)
        self._fixed = run.fixed_classes
        self._bases = list(bases)
        self._renamed = renamed
        self._staging = Staging(setup.stage)
        self._streams: dict[str, list[bytes]] = {}
        self._separators = {
            part.key: part.separator
            for file in self.writer.files()
            for part in file.parts
            if isinstance(part, Fragments)
        }
        self._files: list[FileEntry] = []
        self._images = bytearray()
        self._pieces: list[Piece] = []
        self._sizes: dict[str, tuple[int, int]] = {}
        self._encode_line = msgspec.json.Encoder().encode

    def take(self, record: Record, row: MediaRow, ordinal: int, picture: PlacedFile) -> None:
        """Place and encode one record, or note why this output does not have it."""
        bases = tuple(self._bases)
        for position, kinds in enumerate(self._numberings):
            self._bases[position] += sum(count for kind, count in row.kinds.items() if kind in kinds)
        self.ledger.counts.records["listed"] += 1
        placed: FileEntry | None = None
        try:
            placement = self._placement(record, row, ordinal, bases, picture)
            if record.medium in self._accepts:
                placed = self._place(record, placement, picture)
            record = self._without_bad_classes(record)
            encoded = self._encode(record, placement)
        except RecordFault as fault:
            if placed is not None:
                self._staging.remove(placed.path)
            self.ledger.record_failed(self._failure(record, fault), len(record.annotations) + len(record.rejected))
            return
        self._keep(record, row, placement, encoded, placed, picture)

    # -- before encoding -------------------------------------------------------------------------------

    def _placement(
        self, record: Record, row: MediaRow, ordinal: int, bases: tuple[int, ...], picture: PlacedFile
    ) -> Placement:
        if row.fault is not None:
            raise RecordFault(*row.fault)
        name = safe_name(record.name, self._rule, row.format).name
        name = self._renamed.get(ordinal, name)
        if self._needs_size and record.width == 0 and record.medium in self._accepts:
            raise RecordFault(
                "E_SIZE_UNKNOWN",
                "The size of the picture is not known; put the file into the bundle or declare width and height.",
                "$.data_unit",
            )
        return Placement(
            split=row.split,
            name=name,
            stem=split_stem(name)[0],
            ordinal=ordinal,
            bases=bases,
            bytes=picture.size,
            has_media=picture.present,
            depth=row.depth,
        )

    def _place(self, record: Record, placement: Placement, picture: PlacedFile) -> FileEntry | None:
        if not picture.present:
            return None
        entry = self._media.place(picture, self._pictures, self.setup, self._staging, self.writer.picture_path(placement))
        self._sizes[entry.path if entry else self.writer.picture_path(placement)] = (record.width, record.height)
        return entry

    def _without_bad_classes(self, record: Record) -> Record:
        """Make unreadable, for this output, what carries a class that it cannot have.

        The annotations stay in their places, because output ids count positions.
        """
        bad, index = self.setup.bad_classes, self.setup.plan.class_index
        if not bad and not self._fixed:
            return record
        annotations = list(record.annotations)
        changed = False
        for position, annotation in enumerate(annotations):
            label = annotation.label
            if label is None or annotation.kind not in LABELLED_KINDS:
                continue
            fault = None
            if self._fixed and label not in index:
                shown = label.encode("unicode_escape").decode()[:120]
                fault = AnnotationFault("E_CLASS_UNKNOWN", f"The class '{shown}' is not in the class list; add it.")
            elif label in bad:
                fault = AnnotationFault("E_CLASS_UNREPRESENTABLE", bad[label])
            if fault is not None:
                changed = True
                annotations[position] = msgspec.structs.replace(annotation, box=fault, region=fault, geometry=fault)
        return msgspec.structs.replace(record, annotations=tuple(annotations)) if changed else record

    def _encode(self, record: Record, placement: Placement) -> Encoded:
        try:
            encoded = self.writer.encode(record, placement)
        except RecordFault:
            raise
        except Exception as error:  # noqa: BLE001 - a writer's own defect costs its record, never the run
            raise RecordFault(
                "E_WRITER", f"The writer '{self.setup.label}' raised {type(error).__name__}: {str(error)[:200]}."
            ) from error
        if not isinstance(encoded, Encoded) or len(encoded.outcomes) != len(record.annotations):
            raise RecordFault(
                "E_WRITER",
                f"The writer '{self.setup.label}' did not give one outcome for each of "
                f"{len(record.annotations)} annotations; report this to its author.",
            )
        unknown = set(encoded.streams) - self._separators.keys()
        if unknown:
            raise RecordFault(
                "E_WRITER", f"The writer '{self.setup.label}' has no file for its stream {sorted(unknown)[0]!r}."
            )
        return encoded

    def _failure(self, record: Record, fault: RecordFault) -> Entry:
        return Entry(
            record.item_id, record.source_file, record.line, "encode", fault.code, fault.message,
            json_path=fault.json_path, media=record.media_id, writer=self.setup.label,
            plugin=self.setup.owner if fault.code == "E_WRITER" else None,
        )  # fmt: skip

    # -- after encoding --------------------------------------------------------------------------------

    def _keep(
        self,
        record: Record,
        row: MediaRow,
        placement: Placement,
        encoded: Encoded,
        placed: FileEntry | None,
        picture: PlacedFile,
    ) -> None:
        if placed is not None:
            self._files.append(placed)
        for path, data in encoded.files:
            self._staging.write(path, data)
            self._files.append(FileEntry(path, len(data), sha256(data).hexdigest()))
            self._pieces.append(Piece(path, data))
        for key, data in encoded.streams.items():
            if data:
                self._streams.setdefault(key, []).append(data)
        if record.medium in self._accepts:
            self._images += self._encode_line(
                ImageEntry(
                    record.item_id, record.media_id, placement.split, record.name,
                    self.writer.picture_path(placement), record.width or None, record.height or None,
                )
            ) + b"\n"  # fmt: skip
        notices: list[tuple[str, str]] = [*row.notices, *record.notices, *encoded.notices, *picture.notices(self.setup)]
        if placement.name != (record.name if self._rule.layout == "tree" else record.name.rsplit("/", 1)[-1]):
            notices.append(("N_NAME_CHANGED", f"The picture is called {placement.name!r} here."))
        self.ledger.record_written(record, encoded.outcomes, notices, encoded.objects)

    def finish(self) -> OutputShard:
        """Everything of this shard, checked."""
        counts = self.ledger.close()
        streams = {key: self._separators.get(key, b"").join(pieces) for key, pieces in self._streams.items()}
        report = None
        if self.setup.checker is not None:
            report = self._check(streams)
        self._files.sort(key=lambda entry: entry.path)
        lines = [self._encode_line(entry) for entry in self._files]
        self._staging.close()
        return OutputShard(counts, self.ledger.errors, self.ledger.losses, streams, lines, bytes(self._images), report)

    def _check(self, streams: Mapping[str, bytes]) -> CheckReport:
        pieces: Sequence[Piece] = [
            *self._pieces,
            *(Piece(key.partition("#")[0], data, key.partition("#")[2]) for key, data in streams.items()),
        ]
        checker: Any = self.setup.checker
        report: CheckReport = checker(DatasetDirectory(self.setup.stage)).check_pieces(pieces)
        return report
