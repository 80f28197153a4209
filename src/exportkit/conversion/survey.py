"""The first reading: what must be known of all records before one of them is encoded."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from exportkit.bundles import Bundle, Shard, cut_shards, iter_lines, opened, read_block
from exportkit.bundles.lines import MAX_LINE, Line
from exportkit.conversion.collector import without_collector
from exportkit.conversion.headers import HeaderProbe
from exportkit.conversion.reading import DROPPED, RecordReader
from exportkit.conversion.rows import ErrorRow, MediaRow, Row, repeated_id, same_id, typed_key, write_rows
from exportkit.conversion.setup import SurveySetup, load_setup
from exportkit.conversion.splits import split_name
from exportkit.engines import Engine
from exportkit.errors import RecordFault
from exportkit.normalize import RecordSurvey
from exportkit.records import LABELLED_KINDS, Skeleton
from exportkit.writing.names import key_hash, name_key, plain_key, safe_name, split_stem

__all__ = ["SHARD_BYTES", "ShardSurvey", "Survey", "SurveyJob", "run_survey", "survey_shard"]

#: Bytes of input in one shard: enough to make a job worth its start, little enough to hold many in memory.
SHARD_BYTES = 4 << 20
_USABLE_ID = 2**53 - 1


class SurveyJob(msgspec.Struct, frozen=True):
    """A byte range of one part."""

    setup: Path
    shard: Shard
    rows: Path
    errors: Path


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

    def __init__(self, job: SurveyJob, setup: SurveySetup) -> None:
        self._setup = setup
        self._probe = HeaderProbe(setup)
        self._reader = RecordReader(setup, self._probe)
        self._probes = setup.probe
        self._part = setup.parts[job.shard.part]
        self.result = ShardSurvey(job.rows, job.errors)
        self._name_keys = [array("Q") for _ in setup.rules]
        self._changed = [False] * len(setup.rules)
        self._contents: dict[str, list[tuple[str, str | None]]] = {}
        self._places: list[tuple[str, str]] = []
        self._end_of_last = (job.shard.start, 0)
        #: Splits by the word that names them; the words met so far. Of use where records tell their own split.
        self._known_splits: dict[str | None, str] = {None: "train"}
        grouped = setup.input.group_by is not None
        self._split_of = setup.split.rule(grouped=grouped) if setup.split is not None else None
        self._unit_of = setup.split.unit_hash(grouped=grouped) if setup.split is not None else None
        self._stratified = setup.input.stratify is not None
        self._negatives = setup.input.negatives

    def lines(self, shard: Shard) -> Iterator[Row | ErrorRow]:
        """One row or one error for each line that is not blank."""
        previous: Row | None = None
        last: Line | None = None
        count = 0
        survey, media_row, ordinary = self._reader.survey, self._media_row, self._reader.ordinary
        with opened(self._part) as file:
            for line in iter_lines(file, shard.start, shard.end):
                last = line
                count += 1
                found = None
                if ordinary is not None and line.source is not None:
                    found = ordinary(line.source, line.start, line.start + line.length)
                if found is not None and (row := self._ordinary_row(found, line, shard.part, previous)) is not None:
                    previous = row
                    yield row
                    continue
                text = line.text
                try:
                    if text is None:
                        raise RecordFault(
                            "E_LINE_SIZE", f"The line is longer than {MAX_LINE >> 20} MiB; split the item.", "$"
                        )
                    surveyed = survey(text)
                    identity = surveyed[0].item_id
                    if previous is not None and same_id(previous.id, identity):
                        yield repeated_id(identity, shard.part, line.number, (shard.part, previous.line))
                        continue
                    media = tuple([media_row(record) for record in surveyed])
                except RecordFault as fault:
                    known = self._reader.identity(text) if text is not None else None
                    yield ErrorRow(known, shard.part, line.number, fault.code, fault.message, fault.json_path)
                    continue
                row = Row(
                    identity, shard.part, line.offset, line.length, line.number, media,
                    0 if self._unit_of is None else self._unit_of(identity, surveyed[0]),
                    _labels(surveyed) if self._stratified else (),
                )  # fmt: skip
                self._count(row, surveyed)
                previous = row
                yield row
        self.result.lines = count
        if last is not None:
            self._end_of_last = (last.offset + last.length, last.number - 1)

    def _ordinary_row(self, record: RecordSurvey, line: Line, part: int, previous: Row | None) -> Row | None:
        """The counted row of a record with nothing special about it; None for one that needs a closer look."""
        if self._unit_of is not None or (not record.contents and self._negatives != "keep"):
            return None
        identity, name = record.item_id, record.name
        split = self._known_splits.get(record.split) if self._split_of is None else self._split_of.of(identity, record)
        if (
            record.notices
            or split is None
            or not record.width
            or self._probes
            or (previous is not None and previous.id == identity)
        ):
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
        row = Row(identity, part, line.offset, line.length, line.number, (media,))
        contents, result = self._contents.get(split), self.result
        if (
            contents is None
            or previous is None
            or not result.ascending
            or not (type(identity) is type(previous.id) is int and previous.id < identity <= _USABLE_ID)
        ):
            self._count(row, (record,))
            return row
        # As _count does, for one record that is kept and an id that is the next in order.
        result.descending = False
        result.last_id = identity
        result.rows_count += 1
        result.own_split = result.own_split or record.split is not None
        self._places.append((split, record.medium))
        contents += record.contents
        if record.skeletons:
            result.skeletons.update(record.skeletons)
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

    def finish(self, shard: Shard, errors: int) -> ShardSurvey:
        """The sums of the shard."""
        self._probe.close()
        result = self.result
        offset, ends = self._end_of_last
        with opened(self._part) as file:
            result.line_ends = ends + read_block(file, offset, shard.end).count(b"\n")
        result.errors_count = errors
        result.drift = sorted(self._reader.drift)
        result.met = list(self._reader.met)
        for (split, medium), count in Counter(self._places).items():
            result.splits[split] += count
            result.media[medium] += count
        for split, contents in self._contents.items():
            for (kind, label), count in Counter(contents).items():
                result.kinds[split, kind] += count
                if label is not None and kind in LABELLED_KINDS:
                    result.labels[label] += count
        result.name_keys = [keys.tobytes() for keys in self._name_keys]
        result.names_changed = self._changed
        return result


def _labels(surveyed: Sequence[RecordSurvey]) -> tuple[str, ...]:
    """The classes in the records of a line, each once."""
    contents = (entry for record in surveyed for entry in record.contents)
    return tuple(sorted({label for kind, label in contents if label is not None and kind in LABELLED_KINDS}))


@without_collector
def survey_shard(job: SurveyJob) -> ShardSurvey:
    """Survey one shard; its rows and errors are written to the job's files."""
    setup: SurveySetup = load_setup(job.setup)
    surveyor = _ShardSurveyor(job, setup)
    errors: list[ErrorRow] = []

    def rows() -> Iterator[Row]:
        for found in surveyor.lines(job.shard):
            if isinstance(found, Row):
                yield found
            else:
                errors.append(found)

    write_rows(job.rows, rows())
    if errors:
        write_rows(job.errors, errors)
    return surveyor.finish(job.shard, len(errors))


class Survey(msgspec.Struct):
    """What the survey found in the whole bundle, shard by shard in reading order."""

    shards: list[ShardSurvey]
    #: Lines before each shard within its part.
    first_lines: list[int]
    splits: Counter[str]
    kinds: Counter[tuple[str, str]]
    labels: Counter[str]
    media: Counter[str]
    skeletons: Counter[tuple[str, Skeleton]]
    outlined: int
    numbers: Counter[tuple[str, int]]
    ids_usable: bool
    own_split: bool
    filtered: int
    #: Paths of keys that no schema names, in lines that were read with care.
    drift: set[str]
    #: Classes before any transform, where there are transforms.
    met: set[str | None]


def run_survey(bundle: Bundle, setup: Path, folder: Path, engine: Engine, advance: Callable[[int], None]) -> Survey:
    """Survey every line of the bundle, and compare the counts with the manifest.

    Raises BundleRefused ``E_MANIFEST_COUNT`` before anything is converted.
    """
    shards = [shard for part in bundle.parts for shard in cut_shards(part, SHARD_BYTES)]
    jobs = [
        SurveyJob(setup, shard, folder / f"survey-{n:06d}.rows", folder / f"survey-{n:06d}.errors")
        for n, shard in enumerate(shards)
    ]
    survey = Survey(
        [], [], Counter(), Counter(), Counter(), Counter(), Counter(), 0, Counter(), True, False, 0, set(), set()
    )
    counted = [0] * len(bundle.parts)
    lines: dict[int, int] = {}
    for job, found in zip(jobs, engine.map_ordered(survey_shard, jobs), strict=True):
        part = job.shard.part
        survey.first_lines.append(lines.get(part, 0))
        lines[part] = lines.get(part, 0) + found.line_ends
        counted[part] += found.lines
        survey.shards.append(found)
        survey.splits.update(found.splits)
        survey.kinds.update(found.kinds)
        survey.labels.update(found.labels)
        survey.media.update(found.media)
        survey.skeletons.update(found.skeletons)
        survey.outlined += found.outlined
        survey.numbers.update(found.numbers)
        survey.ids_usable = survey.ids_usable and found.ids_usable
        survey.own_split = survey.own_split or found.own_split
        survey.filtered += found.filtered
        survey.drift.update(found.drift)
        survey.met.update(found.met)
        found.labels.clear()
        advance(job.shard.end - job.shard.start)
    bundle.verify_counts(counted)
    return survey
