"""One output during one shard: what it writes of each record, and the account of it."""

from __future__ import annotations

import secrets
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from exportkit.conversion.class_gate import ClassGate
from exportkit.conversion.dataset import DatasetDirectory
from exportkit.conversion.general_rules import turned_picture
from exportkit.conversion.lists import FileEntry, FileRun, ImageEntry
from exportkit.conversion.media import Copied, MediaStep, PlacedFile
from exportkit.conversion.offered_run import OfferedRun, RunOffers
from exportkit.conversion.output_shard import OutputShard
from exportkit.conversion.record_batch import RecordBatch
from exportkit.conversion.row_columns import image_lines
from exportkit.conversion.rows import MediaRow
from exportkit.conversion.setup import EncodeSetup, OutputSetup
from exportkit.conversion.split_leaks import content_key
from exportkit.conversion.stream_pieces import StreamPieces
from exportkit.errors import RecordFault, words_of
from exportkit.native import core
from exportkit.pictures import EXTENSIONS
from exportkit.records import Record
from exportkit.storage.archive_layouts import archive_layout
from exportkit.storage.archive_staging import ArchiveStaging
from exportkit.storage.attempt import Attempt
from exportkit.storage.staging import Staging
from exportkit.writing import (
    Checker,
    CheckReport,
    Encoded,
    Finding,
    Outcome,
    Piece,
    Placement,
    skipped,
)
from exportkit.writing.ledger import LISTED_PER_CODE, Entry, Ledger
from exportkit.writing.names import safe_name, split_stem
from exportkit.writing.overlaps import is_sampled

__all__ = ["ShardOutput"]


class ShardOutput:
    """One output during one shard."""

    def __init__(
        self,
        setup: OutputSetup,
        run: EncodeSetup,
        media: MediaStep,
        bases: tuple[int, ...],
        renamed: Mapping[int, str],
        listed: Mapping[str, int],
    ) -> None:
        self.setup = setup
        self.writer = setup.writer(setup.options, setup.plan)
        self.ledger = Ledger(setup.label, run.loss_list, listed)
        self._media = media
        self._rule = setup.writer.naming(setup.options)
        self._needs_size = setup.writer.needs_size(setup.options)
        self._pictures = setup.writer.pictures(setup.options)
        self._accepts = setup.writer.accepts_media
        self._numberings = setup.writer.numberings(setup.options)
        self._classes = ClassGate(setup.plan.class_index if run.fixed_classes else None, setup.bad_classes)
        self._measures_all = run.measures_all
        self._bases = bases
        self._renamed = renamed
        self.staging = _staging(setup, run.attempts)
        self._streams = StreamPieces(setup.streams)
        self._files: list[FileEntry] = []
        self._images: list[bytes] = []
        self._images_count = 0
        self._pieces: list[Piece] = []
        self._findings: list[Finding] = []
        self._splits_apart = len(setup.plan.splits) > 1
        self._contents: dict[str, array[int]] = {}
        self._splits: Counter[str] = Counter()
        #: Places of pictures that are JPEGs to their last byte.
        self._jpegs: set[str] = set()
        #: Kinds that stand in runs without a box, too.
        self.boxless = self.writer.takes_boxless()
        self._offers = RunOffers(
            self.setup, self.writer, self._streams, self._classes, renamed, places=media.opens_files
        )

    def take_run(self, batch: RecordBatch, at: int) -> int:
        """Encode the leading records of a batch from ``at`` on, whose pictures are not placed; how many were taken.

        What is wrong with a record, or with what the writer gives, is left to :meth:`take` to tell.
        """
        offered = self.offer_run(batch, at)
        if offered is None:
            return 0
        count = self.write_run(offered)
        self.keep_run(batch, at, offered.leading(count))
        return count

    @property
    def takes_runs(self) -> bool:
        """Whether many records may be offered at a time."""
        return self._offers.takes_runs

    def offer_run(self, batch: RecordBatch, at: int) -> OfferedRun | None:
        """What the leading records of a batch from ``at`` on become; None where the first one has to be taken alone."""
        return self._offers.offer(batch, at, self.ledger.plain, self._bases)

    def write_run(self, offered: OfferedRun) -> int:
        """Write the small files of offered records; for how many of them that could be done."""
        files = [*offered.encoded.files]
        return self.staging.write_all(files) if files else len(offered.pictures)

    def take_back(self, offered: OfferedRun, count: int, written: int) -> None:
        """Remove the pictures of offered records behind the first ``count``, and the small files up to ``written``."""
        for path in (*offered.pictures[count:], *(path for path, _ in offered.encoded.files[count:written])):
            self.staging.remove(path)

    def keep_run(self, batch: RecordBatch, at: int, offered: OfferedRun, pictures: Sequence[Copied] = ()) -> None:
        """Account for offered records that are written, with the pictures that were placed."""
        run, encoded = offered
        count = len(encoded.pictures)
        self._offers.note_taken(offered)
        self._keep_files(offered, pictures)
        self._streams.take_run(encoded.streams, encoded.exceptions)
        rows = batch.rows[at : at + count]
        if self._numberings:
            for row in rows:
                self._bases = _advanced(self._bases, self._numberings, row.media[0].kinds)
        self._images.append(image_lines(rows, run.splits[:count], encoded.pictures))
        self._images_count += count
        if self._splits_apart:
            self._splits.update(run.splits[:count])
        labels = run.annotations.labels(at, at + count)
        self.ledger.records_written(count, labels, encoded.outcomes)
        if not self.ledger.has_listed(encoded.outcomes):
            self._list_outcomes(batch, at, run.counts(count), encoded.outcomes)
        for place, _, code, value, name in encoded.overlaps:
            self.ledger.share_measured(code, value, rows[place].id, name)

    def _keep_files(self, offered: OfferedRun, pictures: Sequence[Copied]) -> None:
        """Note the files of a run: small ones, and placed pictures."""
        run, encoded = offered
        texts = [data for _, data in encoded.files]
        digests = (core.sha256_digests(texts) if core is not None else None) or map(_digest_of, texts)
        self._files += [
            FileEntry(path, len(data), digest) for (path, data), digest in zip(encoded.files, digests, strict=True)
        ]
        self._pieces += [Piece(path, data) for path, data in encoded.files]
        copied = [*zip(encoded.pictures, pictures, strict=False)]
        placed = [FileEntry(path, copy.size, copy.sha256) for path, copy in copied]
        self._jpegs.update(path for path, copy in copied if copy.is_jpeg)
        self._files += placed
        if not encoded.files and not encoded.streams:
            self._pieces += [Piece(entry.path, b"") for entry in placed]
        if self._splits_apart:
            for entry, split in zip(placed, run.splits, strict=False):
                self._contents.setdefault(split, array("Q")).append(content_key(entry.sha256))

    def _list_outcomes(self, batch: RecordBatch, at: int, counts: Iterable[int], outcomes: Sequence[Outcome]) -> None:
        """List what has room in the lists of a run that begins at a place of a batch."""
        first = 0
        for place, count in enumerate(counts, at):
            own = outcomes[first : first + count]
            first += count
            if not self.ledger.has_listed(own):
                self.ledger.list_outcomes(batch.listed(place), own)

    def take(self, record: Record, row: MediaRow, ordinal: int, picture: PlacedFile) -> None:
        """Place and encode one record, or note why this output does not have it."""
        bases = self._bases
        if self._numberings:
            self._bases = _advanced(bases, self._numberings, row.kinds)
        placed: FileEntry | None = None
        try:
            placement = self._placement(record, row, ordinal, bases, picture)
            path = self._place(record, placement)
            if picture.descriptor >= 0 or picture.fault is not None:
                placed = self._media.place(picture, self._pictures, self.setup, self.staging, path)
            if self._classes.judges:
                record = self._classes.without_bad(record)
            encoded = self._encode(record, placement)
            self._write(encoded)
            if placed is not None and not encoded.files and not encoded.streams:
                # The place of the picture is all that the dataset tells of this record.
                self._pieces.append(Piece(placed.path, b""))
        except RecordFault as fault:
            if placed is not None:
                self.staging.remove(placed.path)
            self.ledger.record_failed(self._failure(record, fault), len(record.annotations) + len(record.rejected))
            return
        if placed is not None:
            if self.setup.transcodes is None and picture.ends_as_jpeg():
                self._jpegs.add(placed.path)
            if self._splits_apart:
                self._contents.setdefault(placement.split, array("Q")).append(content_key(placed.sha256))
            self._files.append(placed)
            if record.orientation != 1 and len(self._findings) < LISTED_PER_CODE:
                self._findings.append(turned_picture(placed.path, record.orientation))
        if record.medium in self._accepts:
            entry = ImageEntry(
                record.item_id, record.media_id, placement.split, record.name,
                path, record.width or None, record.height or None,
            )  # fmt: skip
            self._images.append(msgspec.json.encode(entry) + b"\n")
            self._images_count += 1
        self.ledger.record_written(record, encoded.outcomes, encoded.objects)
        if self._splits_apart:
            self._splits[placement.split] += 1
        if encoded.overlaps:
            self.ledger.measured(record, encoded.overlaps)
        self._note(record, row, placement, encoded, picture)

    # -- before encoding -------------------------------------------------------------------------------

    def _placement(
        self, record: Record, row: MediaRow, ordinal: int, bases: tuple[int, ...], picture: PlacedFile
    ) -> Placement:
        if row.fault is not None:
            raise RecordFault(*row.fault)
        renamed = self._renamed.get(ordinal) if self._renamed else None
        if renamed is not None:
            name = renamed
        elif row.plain_name and record.name == row.name:
            name = row.name[row.name.rfind("/") + 1 :] if self._rule.layout == "flat" else row.name
        else:
            name = safe_name(record.name, self._rule, row.format).name
        if self._needs_size and record.width == 0 and record.medium in self._accepts:
            raise RecordFault(
                "E_SIZE_UNKNOWN",
                "The size of the picture is not known; put the file into the bundle or declare width and height.",
                "$.data_unit",
            )
        stem = split_stem(name)[0]
        # A transcoded picture has no transparency.
        depth = min(row.depth, 3) if self.setup.transcodes else row.depth
        measured = self._measures_all or is_sampled(record.item_id)
        return Placement(row.split, name, stem, ordinal, bases, picture.size, picture.present, depth, measured)

    def _place(self, record: Record, placement: Placement) -> str:
        try:
            return self.writer.picture_place(record, placement)
        except RecordFault:
            raise
        except Exception as error:
            raise self._defect(f"raised {type(error).__name__}: {_shown(words_of(error))}") from error

    def _encode(self, record: Record, placement: Placement) -> Encoded:
        if record.medium not in self._accepts:
            return Encoded([skipped("S_MEDIA_UNSUPPORTED")] * len(record.annotations))
        try:
            encoded = self.writer.encode(record, placement)
        except RecordFault:
            raise
        except Exception as error:
            raise self._defect(f"raised {type(error).__name__}: {_shown(words_of(error))}") from error
        if (
            not isinstance(encoded, Encoded)
            or len(encoded.outcomes) != len(record.annotations)
            or not _OUTCOMES.issuperset(map(type, encoded.outcomes))
        ):
            raise self._defect(f"did not give one outcome for each of {len(record.annotations)} annotations")
        unknown = self._streams.unknown(encoded.streams)
        if unknown is not None:
            raise self._defect(f"has no file for its stream {_shown(unknown)}")
        return encoded

    def _defect(self, what: str) -> RecordFault:
        return RecordFault("E_WRITER", f"The writer '{self.setup.label}' {what}; report this to its author.")

    def _failure(self, record: Record, fault: RecordFault) -> Entry:
        return Entry(
            record.item_id, record.source_file, record.line, "encode", fault.code, fault.message,
            json_path=fault.json_path, media=record.media_id, writer=self.setup.label,
            plugin=self.setup.owner if fault.code == "E_WRITER" else None,
        )  # fmt: skip

    # -- after encoding --------------------------------------------------------------------------------

    def _write(self, encoded: Encoded) -> None:
        """Write the record's files and keep its pieces; a mistake of the writer leaves nothing of the record."""
        written = 0
        try:
            if encoded.streams:
                self._streams.ensure_bytes(encoded.streams)
            for path, data in encoded.files:
                digest = _digest_of(data)
                self.staging.write(path, data)
                written += 1
                self._files.append(FileEntry(path, len(data), digest))
                self._pieces.append(Piece(path, data))
        except (TypeError, ValueError, AttributeError) as error:
            for _ in range(written):
                self._pieces.pop()
                self.staging.remove(self._files.pop().path)
            raise self._defect(f"gave a file or a stream that cannot be written: {_shown(words_of(error))}") from error
        if encoded.streams:
            self._streams.take(encoded.streams)

    def _note(self, record: Record, row: MediaRow, placement: Placement, encoded: Encoded, picture: PlacedFile) -> None:
        note = self.ledger.record_notice
        for code, message in (*row.notices, *record.notices, *encoded.notices):
            note(record, code, message)
        if picture.copied_for:
            for code, message in picture.notices(self.setup):
                note(record, code, message)
        name = placement.name
        if name != record.name and (self._rule.layout == "tree" or not record.name.endswith("/" + name)):
            note(record, "N_NAME_CHANGED", f"The picture is called {name!r} here.")

    def finish(self) -> OutputShard:
        """Everything of this shard, in its place and checked."""
        counts = self.ledger.close()
        self._files.sort(key=lambda entry: entry.path)
        self.staging.settle(entry.path for entry in self._files)
        self.staging.close()
        streams = self._streams.joined()
        report = CheckReport() if self.setup.checker is None else self._check(self.setup.checker, streams)
        report.findings = [*self._findings, *report.findings]
        return OutputShard(
            counts,
            self.ledger.errors,
            self.ledger.losses,
            streams,
            FileRun.of(self._files),
            b"".join(self._images),
            self._images_count,
            report,
            self._contents,
            self._splits,
            self._other_pictures(),
            self.staging.written() if isinstance(self.staging, ArchiveStaging) else None,
        )

    def _other_pictures(self) -> list[str]:
        """Files that may be pictures, and are not known to be JPEGs to their last byte."""
        if not self._media.opens_files:
            return []
        paths = (entry.path for entry in self._files if entry.path not in self._jpegs)
        return [path for path in paths if path[path.rfind(".") + 1 :].lower() in _PICTURES]

    def _check(self, checker: type[Checker], streams: Mapping[str, bytes]) -> CheckReport:
        dataset = DatasetDirectory(self.setup.stage, self.setup.provisional, published=self.setup.final)
        for key, data in streams.items():
            path, _, section = key.rpartition("#")
            self._pieces.append(Piece(path, data, section))
        judge = checker(dataset)
        judge.names_pictures = False
        report = judge.check_pieces(self._pieces)
        report.pictures = []
        return report


def _staging(setup: OutputSetup, attempts: Path | None) -> Staging | ArchiveStaging:
    """``attempts`` is where shards that may be done twice are filled, each by itself; None where none can be."""
    if setup.sink is None or setup.fragments is None:
        return Staging(setup.stage) if attempts is None else Attempt(setup.stage, attempts)
    # A name that is never used again: no two attempts at a shard meet.
    return ArchiveStaging(setup.fragments / secrets.token_hex(16), archive_layout(setup.sink))


_OUTCOMES = frozenset({Outcome})
_EMPTY = sha256()
_PICTURES = frozenset().union(*EXTENSIONS.values())


def _digest_of(data: bytes) -> str:
    # A copy spares the search for the algorithm, which takes longer than a small file.
    digest = _EMPTY.copy()
    digest.update(data)
    return digest.hexdigest()


def _shown(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")[:120]


def _advanced(
    bases: tuple[int, ...], numberings: tuple[frozenset[str], ...], kinds: Mapping[str, int]
) -> tuple[int, ...]:
    return tuple(
        [
            base + sum([count for kind, count in kinds.items() if kind in numbered])
            for base, numbered in zip(bases, numberings, strict=True)
        ]
    )
