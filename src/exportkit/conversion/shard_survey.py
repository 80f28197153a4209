"""The survey of one shard: a row for each line that gives records, an error for each that does not, and sums."""

from __future__ import annotations

import secrets
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from exportkit.bundles import Shard, iter_lines, opened, read_again, read_block
from exportkit.bundles.lines import MAX_LINE, WHOLE, Line, lines_within
from exportkit.conversion.collector import without_collector
from exportkit.conversion.headers import HeaderProbe
from exportkit.conversion.reading import DROPPED, RecordReader
from exportkit.conversion.rows import ErrorRow, MediaRow, Row, RowFile, repeated_id, same_id, typed_key, write_rows
from exportkit.conversion.setup import SurveySetup, load_setup
from exportkit.conversion.splits import split_name
from exportkit.errors import RecordFault
from exportkit.normalize import RecordSurvey
from exportkit.pictures import EXTENSIONS
from exportkit.records import LABELLED_KINDS, Skeleton
from exportkit.writing import NamingRule
from exportkit.writing.names import key_hash, name_key, plain_key, safe_name, split_stem

if TYPE_CHECKING:
    from exportkit.native._core import SeedSurveyor

__all__ = ["ShardSurvey", "SurveyJob", "survey_shard"]

_USABLE_ID = 2**53 - 1
_LF = 0x0A


class SurveyJob(msgspec.Struct, frozen=True):
    """A byte range of one part."""

    setup: Path
    shard: Shard
    folder: Path
    number: int


class ShardSurvey(msgspec.Struct):
    """What one shard holds. Line numbers in rows and errors count from the shard's first line."""

    rows: Path
    errors: Path
    rows_count: int = 0
    errors_count: int = 0
    #: LF characters, and lines that are not blank.
    line_ends: int = 0
    lines: int = 0
    first_id: int | str | None = None
    last_id: int | str | None = None
    ascending: bool = True
    descending: bool = True
    ids_usable: bool = True
    filtered: int = 0
    #: Records by split, annotations by (split, kind), names of classes, records by medium.
    splits: Counter[str] = msgspec.field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    labels: Counter[str] = msgspec.field(default_factory=Counter)
    media: Counter[str] = msgspec.field(default_factory=Counter)
    #: Objects with key points by class and skeleton.
    skeletons: Counter[tuple[str, Skeleton]] = msgspec.field(default_factory=Counter)
    #: Objects with key points and a region.
    outlined: int = 0
    #: Annotations by class and number that the source gave it.
    numbers: Counter[tuple[str, int]] = msgspec.field(default_factory=Counter)
    own_split: bool = False
    #: For each naming rule: 64-bit keys of the names, eight bytes each, and whether any name had to change.
    name_keys: list[bytes] = []
    names_changed: list[bool] = []
    drift: list[str] = []
    #: Classes before any transform, where there are transforms.
    met: list[str | None] = []


def _rises(before: int | str | None, after: int | str) -> bool:
    """Whether two different ids stand in ascending typed order."""
    if type(before) is int and type(after) is int:
        return before < after
    return typed_key(before) < typed_key(after)


class _ShardSurveyor:
    """Surveys the lines of one shard."""

    def __init__(self, job: SurveyJob, setup: SurveySetup, result: ShardSurvey, rows: RowFile) -> None:
        self._setup = setup
        self._shard = job.shard
        self._rows = rows
        self._probe = HeaderProbe(setup)
        self._reader = RecordReader(setup, self._probe)
        self._probes = setup.probe
        self._part = setup.parts[job.shard.part]
        self.result = result
        self.errors: list[ErrorRow] = []
        self._name_keys = [array("Q") for _ in setup.rules]
        self._changed = [False] * len(setup.rules)
        self._contents: dict[str, list[tuple[str, str | None]]] = {}
        self._places: list[tuple[str, str]] = []
        #: Number of the line of the last row.
        self._last_line = 0
        #: Splits by the word that names them; the words met so far. Of use where records tell their own split.
        self._known_splits: dict[str | None, str] = {None: "train"}
        grouped = setup.input.group_by is not None
        self._split_of = setup.split.rule(grouped=grouped) if setup.split is not None else None
        self._unit_of = setup.split.unit_hash(grouped=grouped) if setup.split is not None else None
        self._stratified = setup.input.stratify is not None
        self._negatives = setup.input.negatives
        ordinary = self._reader.ordinary if self._unit_of is None else None
        self._ordinary = ordinary if not self._probes else None
        self._runs = self._surveyor_of_runs() if ordinary is not None else None

    def _surveyor_of_runs(self) -> SeedSurveyor | None:
        """What surveys ordinary lines many at a time; None where each line needs a look."""
        folder = self._probe.folder
        if folder is None or self._split_of is not None:
            return None
        return self._reader.surveyor(
            self._known_splits,
            tuple((rule.layout == "flat", rule.refused_extensions, rule.refused_folders) for rule in self._setup.rules),
            self._shard.part,
            keeps_negatives=self._negatives == "keep",
            folder=folder,
            extensions=_own_extensions(self._setup.rules),
        )

    def survey(self) -> None:
        """Survey every line that is not blank."""
        shard = self._shard
        with opened(self._part) as file:
            if self._runs is not None and shard.end - shard.start <= WHOLE:
                self._survey_runs(self._runs, read_again(file, shard.start, shard.end))
                return
            last, number = shard.start, 1
            for line in iter_lines(file, shard.start, shard.end):
                self._take(line)
                last, number = line.offset + line.length, line.number
            self.result.line_ends = number - 1 + read_block(file, last, shard.end).count(b"\n")

    def _survey_runs(self, runs: SeedSurveyor, block: bytearray) -> None:
        """Survey the lines of the whole shard: ordinary ones in runs, and one by one those between them."""
        result, start, at, number = self.result, self._shard.start, 0, 1
        size = self._shard.end - start
        while True:
            last = result.last_id if result.rows_count else None
            at, number, lines, count, first, last, last_line, rises, falls, usable, own_split, rows = runs.take(
                block, at, size, start, number, last
            )
            self._rows.add_blocks(rows)
            result.lines += lines
            if count:
                result.first_id = first if result.rows_count == 0 else result.first_id
                result.last_id = last
                result.rows_count += count
                result.ascending = result.ascending and rises
                result.descending = result.descending and falls
                result.ids_usable = result.ids_usable and usable
                result.own_split = result.own_split or own_split
                self._last_line = last_line
            if at < size:
                line = next(lines_within(block, size, start, number, at))
                self._take(line, is_ordinary=False)
                end = block.find(b"\n", line.start + line.length, size)
                at, number = (end + 1 if end >= 0 else size), number + 1
            if at >= size:
                break
        # The last line may have no end.
        result.line_ends = number - 1 - (block[size - 1] != _LF)

    def _take(self, line: Line, *, is_ordinary: bool = True) -> None:
        """Survey one line: a row, or an error. ``is_ordinary`` tells that it may be."""
        self.result.lines += 1
        found = None
        if self._ordinary is not None and line.source is not None and is_ordinary:
            found = self._ordinary(line.source, line.start, line.start + line.length)
            row = self._ordinary_row(found, line) if found is not None else None
            if row is not None:
                self._add(row)
                return
        text = line.text
        try:
            if text is None:
                raise RecordFault("E_LINE_SIZE", f"The line is longer than {MAX_LINE >> 20} MiB; split the item.", "$")
            surveyed = [found] if found is not None else self._reader.survey(text)
            identity = surveyed[0].item_id
            if self._repeats(identity):
                first = (self._shard.part, self._last_line)
                self.errors.append(repeated_id(identity, self._shard.part, line.number, first))
                return
            media = tuple([self._media_row(record) for record in surveyed])
        except RecordFault as fault:
            known = self._reader.identity(text) if text is not None else None
            self.errors.append(
                ErrorRow(known, self._shard.part, line.number, fault.code, fault.message, fault.json_path)
            )
            return
        row = Row(
            identity, self._shard.part, line.offset, line.length, line.number, media,
            0 if self._unit_of is None else self._unit_of(identity, surveyed[0]),
            _labels(surveyed) if self._stratified else (),
        )  # fmt: skip
        self._count(row, surveyed)
        self._add(row)

    def _add(self, row: Row) -> None:
        self._last_line = row.line
        self._rows.add(row)

    def _repeats(self, identity: int | str) -> bool:
        """Whether the last row has the same id."""
        last = self.result.last_id
        return self.result.rows_count > 0 and last is not None and same_id(last, identity)

    def _ordinary_row(self, record: RecordSurvey, line: Line) -> Row | None:
        """The counted row of a record with nothing special about it; None for one that needs a closer look."""
        if not record.contents and self._negatives != "keep":
            return None
        identity, name = record.item_id, record.name
        split = self._known_splits.get(record.split) if self._split_of is None else self._split_of.of(identity, record)
        if record.notices or split is None or not record.width or self._repeats(identity):
            return None
        keys = [plain_key(name, rule) for rule in self._setup.rules]
        if None in keys:
            return None
        for known, key in zip(self._name_keys, keys, strict=True):
            known.append(key)  # type: ignore[arg-type]  # none is None
        kinds: dict[str, int] = {}
        for kind, _ in record.contents:
            kinds[kind] = kinds.get(kind, 0) + 1
        media = MediaRow(
            record.media_id, name, record.width, record.height, 1, "", 3, split, kinds, (), None, False, True,
            record.group,
        )  # fmt: skip
        row = Row(identity, self._shard.part, line.offset, line.length, line.number, (media,))
        self._count(row, (record,))
        return row

    def _media_row(self, record: RecordSurvey) -> MediaRow:
        if record.medium == DROPPED or self._is_unwanted_negative(record):
            return MediaRow(record.media_id, "", 0, 0, 1, "", 3, "train", {}, dropped=True)
        kinds: dict[str, int] = {}
        for kind, _ in record.contents:
            kinds[kind] = kinds.get(kind, 0) + 1
        if self._split_of is None:
            split = self._known_splits[record.split] = split_name(record.split)
        else:
            split = self._split_of.of(record.item_id, record)
        if self._probes or not record.width or record.notices:
            found = self._probe.size(record)
            plain = self._keep_names(record.name, found.format)
            return MediaRow(
                record.media_id, record.name, found.width, found.height, found.orientation, found.format, found.depth,
                split, kinds, found.notices, found.fault, False, plain, record.group,
            )  # fmt: skip
        plain = self._keep_names(record.name, "")
        return MediaRow(
            record.media_id,
            record.name,
            record.width,
            record.height,
            1,
            "",
            3,
            split,
            kinds,
            (),
            None,
            False,
            plain,
            record.group,
        )

    def _is_unwanted_negative(self, record: RecordSurvey) -> bool:
        if self._negatives == "keep" or record.contents or record.rejected:
            return False
        return self._negatives == "drop" or any(code == "N_UNREVIEWED" for code, _ in record.notices)

    def _keep_names(self, name: str, content_format: str) -> bool:
        """Keep the keys of a record's names; whether every output can use the name as it is."""
        plain = True
        for position, rule in enumerate(self._setup.rules):
            try:
                safe = safe_name(name, rule, content_format)
            except RecordFault:
                plain = False
                continue
            self._name_keys[position].append(key_hash(name_key(split_stem(safe.name)[0])))
            if safe.changed:
                plain = False
                self._changed[position] = True
        return plain

    def _count(self, row: Row, surveyed: Sequence[RecordSurvey]) -> None:
        result = self.result
        identity = row.id
        if result.rows_count == 0:
            result.first_id = identity
        elif result.ascending or result.descending:
            rises = _rises(result.last_id, identity)
            result.ascending = result.ascending and rises
            result.descending = result.descending and not rises
        result.last_id = identity
        result.rows_count += 1
        kept = 0
        for media, record in zip(row.media, surveyed, strict=True):
            if media.dropped:
                result.filtered += 1
                continue
            kept += 1
            self._places.append((media.split, record.medium))
            if record.split is not None:
                result.own_split = True
            if record.skeletons:
                result.skeletons.update(record.skeletons)
                result.outlined += record.outlined
            if record.numbers:
                result.numbers.update(record.numbers)
            contents = self._contents.get(media.split)
            if contents is None:
                contents = self._contents[media.split] = []
            contents += record.contents
        if kept != 1 or not (type(identity) is int and 1 <= identity <= _USABLE_ID):
            result.ids_usable = result.ids_usable and kept == 0

    def finish(self) -> ShardSurvey:
        """The sums of the shard."""
        self._probe.close()
        result = self.result
        result.errors_count = len(self.errors)
        result.drift = sorted(self._reader.drift)
        result.met = list(self._reader.met)
        for (split, medium), count in Counter(self._places).items():
            result.splits[split] += count
            result.media[medium] += count
        for split, contents in self._contents.items():
            for (kind, label), count in Counter(contents).items():
                self._count_contents(split, kind, label, count)
        result.name_keys = [keys.tobytes() for keys in self._name_keys]
        result.names_changed = self._changed
        if self._runs is not None:
            self._count_runs(self._runs)
        return result

    def _count_runs(self, runs: SeedSurveyor) -> None:
        """Add what the runs of ordinary lines amount to."""
        result = self.result
        contents, skeletons, records, keys = runs.sums()
        for split, (kind, label), count in contents:
            self._count_contents(split, kind, label, count)
        for label, skeleton, count in skeletons:
            result.skeletons[label, skeleton] += count
        for split, _, count in records:
            result.splits[split] += count
            result.media["image"] += count
        result.name_keys = [ours + theirs for ours, theirs in zip(result.name_keys, keys, strict=True)]

    def _count_contents(self, split: str, kind: str, label: str | None, count: int) -> None:
        self.result.kinds[split, kind] += count
        if label is not None and kind in LABELLED_KINDS:
            self.result.labels[label] += count


def _own_extensions(rules: Sequence[NamingRule]) -> frozenset[str]:
    """Spellings of extensions with which every rule takes the name of a JPEG as it is."""
    known = {spelt for word in EXTENSIONS["jpg"] for spelt in (word, word.upper())}
    return frozenset(known.intersection(*({rule.extension} for rule in rules if rule.extension)))


def _labels(surveyed: Sequence[RecordSurvey]) -> tuple[str, ...]:
    """The classes in the records of a line, each once."""
    contents = (entry for record in surveyed for entry in record.contents)
    return tuple(sorted({label for kind, label in contents if label is not None and kind in LABELLED_KINDS}))


@without_collector
def survey_shard(job: SurveyJob) -> ShardSurvey:
    """Survey one shard; its rows and errors are written to files in the job's folder.

    Their names are used once: where a shard is surveyed twice, the files of one result are never touched by the other.
    """
    setup: SurveySetup = load_setup(job.setup)
    place = job.folder / f"survey-{job.number:06d}-{secrets.token_hex(8)}"
    result = ShardSurvey(place.with_suffix(".rows"), place.with_suffix(".errors"))
    with RowFile(result.rows) as rows:
        surveyor = _ShardSurveyor(job, setup, result, rows)
        surveyor.survey()
    if surveyor.errors:
        write_rows(result.errors, surveyor.errors)
    return surveyor.finish()
