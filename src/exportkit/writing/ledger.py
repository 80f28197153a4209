"""The account of one output: what became of every record and every annotation, by code and class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from exportkit.native import core
from exportkit.records import Annotation, Record
from exportkit.writing.outcome import WRITTEN, Outcome
from exportkit.writing.overlaps import OverlapSum

if TYPE_CHECKING:
    from exportkit.native._core import Tally

__all__ = ["Counts", "Entry", "Ledger", "ListedRecord", "LossList"]

LossList = Literal["first", "all", "none"]
#: With ``--loss-list first`` so many entries of each code are listed; the counts are exact all the same.
LISTED_PER_CODE = 1000


class Entry(msgspec.Struct, frozen=True):
    """One line of ``exportkit-errors.jsonl`` or ``exportkit-losses.jsonl``."""

    id: int | str | None
    file: str
    line: int
    step: str
    code: str
    message: str
    json_path: str | None = None
    annotation: int | str | None = None
    media: str | None = None
    writer: str | None = None
    plugin: str | None = None
    outcome: str | None = None
    attempts: int = 1


class ListedRecord(NamedTuple):
    """What a list says of a record whose annotations are no objects."""

    item_id: int | str
    source_file: str
    line: int
    #: Of each annotation its id, or its position where it has none, and its JSON path.
    names: Sequence[int | str]
    paths: Sequence[str]
    media_id: str | None = None


class Counts(msgspec.Struct):
    """Sums of one output; ``+=`` by :meth:`add`, so shards are counted apart and joined."""

    records: Counter[str] = msgspec.field(default_factory=Counter)
    annotations: Counter[str] = msgspec.field(default_factory=Counter)
    #: (code, class name or None) → annotations or records with it.
    codes: Counter[tuple[str, str | None]] = msgspec.field(default_factory=Counter)
    #: Annotations of failed records, where the line could be read.
    beside: int = 0
    #: Entries that the writer says it put into the dataset.
    objects: int = 0
    #: Records that were written but touched by an error (a failed annotation).
    touched: int = 0
    #: Code → how much of the shapes with it is still covered, where that was measured.
    overlaps: dict[str, OverlapSum] = msgspec.field(default_factory=dict)

    def add(self, other: Counts) -> None:
        self.records.update(other.records)
        self.annotations.update(other.annotations)
        self.codes.update(other.codes)
        self.beside += other.beside
        self.objects += other.objects
        self.touched += other.touched
        for code, overlap in other.overlaps.items():
            self.overlaps.setdefault(code, OverlapSum()).add(overlap)

    @property
    def seen(self) -> int:
        """Annotations of the records that were written."""
        return self.annotations["seen"]

    def balance(self) -> tuple[bool, bool]:
        """Whether both equations of promise 2 hold: of annotations, and of records."""
        a, r = self.annotations, self.records
        return (
            a["seen"] == a["written"] + a["lossy"] + a["skipped"] + a["failed"],
            r["listed"] == r["written"] + r["failed"] + r["gone"] + r["filtered"],
        )

    def of_code(self, code: str) -> int:
        """How often a code was given."""
        return sum(count for (word, _), count in self.codes.items() if word == code)


class Ledger:
    """Counts one shard of one output, and lists what is worth a line.

    Most annotations share a handful of outcomes, so pairs of class and outcome are counted at C speed; one by one
    are looked at only the annotations of records with something that still has room in the list.
    """

    def __init__(self, writer: str, loss_list: LossList, listed: Mapping[str, int] | None = None) -> None:
        """``listed`` are entries by code that stand in the list already."""
        self._writer = writer
        self._limit = {"first": LISTED_PER_CODE, "all": None, "none": 0}[loss_list]
        self._pairs: Tally | PlainTally = core.Tally(annotation=Annotation) if core is not None else PlainTally()
        self._tally: Counter[tuple[str | None, Outcome]] = Counter()
        self._listed: Counter[str] = Counter(listed)
        self._full: set[Outcome] = set()
        self._plain: set[Outcome] = set()
        self._settle(WRITTEN)
        self._written = 0
        self._objects = 0
        self.counts = Counts()
        self.errors: list[Entry] = []
        self.losses: list[Entry] = []

    # -- records ---------------------------------------------------------------------------------------

    def record_failed(self, entry: Entry, annotations: int) -> None:
        """A record that this output does not have."""
        self.counts.records["failed"] += 1
        self.counts.beside += annotations
        self.counts.codes[entry.code, None] += 1
        self.errors.append(entry)

    def record_filtered(self) -> None:
        """A record that an option or a hook removed."""
        self.counts.records["filtered"] += 1

    def record_written(self, record: Record, outcomes: Sequence[Outcome], objects: int) -> None:
        """A record that this output has; ``outcomes`` has one entry for each annotation.

        ``objects`` is how many entries the writer put into the dataset; negative: one for each kept outcome.
        """
        annotations = record.annotations
        self._written += 1
        plain = self._pairs.add(annotations, outcomes)
        if objects < 0:
            objects = len([o for o in outcomes if o.status in _KEPT])
        self._objects += objects
        if plain and not record.rejected:
            return
        if not self._full.issuperset(outcomes) or record.rejected:
            self._look_at(record, outcomes)
        noted = [a for a in annotations if a.notices]
        if noted:
            self._note_annotations(record, noted)
        self._weigh(record, outcomes)
        if (annotations or record.rejected) and not _keeps_any(outcomes):
            self.record_notice(record, "N_EMPTIED", "No annotation of this record is left in the output.")

    @property
    def plain(self) -> set[Outcome]:
        """Outcomes that were met before, of which codes and places are all that there is to list."""
        return self._plain

    def records_written(self, records: int, labels: list[str], outcomes: list[Outcome]) -> None:
        """Records that this output has, with class and outcome of all their annotations.

        All outcomes are :attr:`plain`; a record with annotations keeps at least one, and has one entry in the
        dataset for each that it keeps. What is to be listed of them is left to :meth:`list_outcomes`.
        """
        self._written += records
        kept = {outcome for outcome in set(outcomes) if outcome.status in _KEPT}
        self._objects += sum(map(kept.__contains__, outcomes))
        self._pairs.add_run(labels, outcomes)

    def has_listed(self, outcomes: Iterable[Outcome]) -> bool:
        """Whether nothing is to be listed about these outcomes any more."""
        return self._full.issuperset(outcomes)

    def list_outcomes(self, record: ListedRecord, outcomes: Sequence[Outcome]) -> None:
        """List what has room in the lists of a record that was counted with others."""
        for position, outcome in enumerate(outcomes):
            if outcome not in self._full:
                self._list(record, outcome, record.names[position], record.paths[position])

    def share_measured(self, code: str, value: float, record: int | str, annotation: int | str) -> None:
        """How much of one degraded shape is still covered, as IoU in 0…1, with the ids that name it."""
        overlaps = self.counts.overlaps
        if code not in overlaps:
            overlaps[code] = OverlapSum()
        overlaps[code].take(value, record, annotation)

    def measured(self, record: Record, overlaps: Sequence[tuple[int, str, float]]) -> None:
        """What a writer measured of a record's degraded shapes: position, code, IoU in 0…1."""
        for position, code, value in overlaps:
            annotation = record.annotations[position]
            name = annotation.id if annotation.id is not None else annotation.index
            self.share_measured(code, value, record.item_id, name)

    def _settle(self, outcome: Outcome) -> None:
        """Nothing is to be listed about an outcome any more."""
        self._full.add(outcome)
        self._plain.add(outcome)
        self._pairs.settle(outcome, outcome.status in _KEPT)

    def record_notice(self, record: Record, code: str, message: str) -> None:
        """A notice (``N_``) about a record that this output has."""
        self.counts.codes[code, None] += 1
        if self._room(code):
            self.losses.append(
                Entry(
                    record.item_id, record.source_file, record.line, "convert", code, message,
                    media=record.media_id, writer=self._writer, outcome="notice",
                )
            )  # fmt: skip

    # -- annotations -----------------------------------------------------------------------------------

    def _room(self, code: str) -> bool:
        if self._limit is not None and self._listed[code] >= self._limit:
            return False
        self._listed[code] += 1
        return True

    def _look_at(self, record: Record, outcomes: Sequence[Outcome]) -> None:
        """List what has room in the lists, and count what normalisation refused."""
        rows: list[tuple[int, Any, Outcome, str]] = [
            (a.index, a, o, a.json_path + o.json_path)
            for a, o in zip(record.annotations, outcomes, strict=True)
            if o not in self._full
        ]
        for rejected in record.rejected:
            status: Literal["skipped", "failed"] = "failed" if rejected.code[0] == "E" else "skipped"
            outcome = Outcome(status, (rejected.code,), rejected.message)
            rows.append((rejected.index, rejected, outcome, rejected.json_path))
            self._tally[rejected.label, outcome] += rejected.weight
        if any(outcome.status == "failed" for _, _, outcome, _ in rows):
            self.counts.touched += 1
        rows.sort(key=lambda row: row[0])
        for index, part, outcome, path in rows:
            name = part.id if part.id is not None else index
            if outcome.status == "failed":
                self.errors.append(self._entry(record, outcome, outcome.codes[0], name, path))
                continue
            self._list(record, outcome, name, path)

    def _list(self, record: Record | ListedRecord, outcome: Outcome, name: int | str, path: str) -> None:
        shown = [self._room(code) for code in outcome.codes]
        for code in (c for c, show in zip(outcome.codes, shown, strict=True) if show):
            self.losses.append(self._entry(record, outcome, code, name, path))
        if not (outcome.message or outcome.json_path):
            self._plain.add(outcome)
            if not any(shown):
                self._settle(outcome)

    def _note_annotations(self, record: Record, annotations: Sequence[Annotation]) -> None:
        """Count and list what normalisation noted about annotations."""
        for annotation in annotations:
            name = annotation.id if annotation.id is not None else annotation.index
            for code in annotation.notices:
                self.counts.codes[code, annotation.label] += 1
                if self._room(code):
                    self.losses.append(self._entry(record, WRITTEN, code, name, annotation.json_path))

    def _entry(self, record: Record | ListedRecord, outcome: Outcome, code: str, name: int | str, path: str) -> Entry:
        status = "notice" if code[0] == "N" else outcome.status
        return Entry(
            record.item_id, record.source_file, record.line, "encode", code, outcome.message,
            json_path=path, annotation=name, media=record.media_id, writer=self._writer,
            outcome=None if status == "failed" else status,
        )  # fmt: skip

    def _weigh(self, record: Record, outcomes: Sequence[Outcome]) -> None:
        """Count annotations that stand for several source annotations with their full weight."""
        for annotation, outcome in zip(record.annotations, outcomes, strict=True):
            if annotation.weight != 1:
                self._tally[annotation.label, outcome] += annotation.weight - 1

    def close(self) -> Counts:
        """Fold everything into the counts."""
        counts = self.counts
        for label, outcome, count in self._pairs.sums():
            self._tally[label, outcome] += count
        for (label, outcome), count in self._tally.items():
            counts.annotations[outcome.status] += count
            counts.annotations["seen"] += count
            for code in outcome.codes:
                counts.codes[code, label] += count
        counts.records["written"] += self._written
        counts.records["listed"] += self._written + counts.records["failed"] + counts.records["filtered"]
        counts.objects += self._objects
        return counts


_KEPT = frozenset({"written", "lossy"})


class PlainTally:
    """The twin of the compiled tally: counts annotations by class and outcome."""

    def __init__(self) -> None:
        self._labels: list[str | None] = []
        self._outcomes: list[Outcome] = []
        self._kept: dict[Outcome, bool] = {}

    def add(self, annotations: tuple[Annotation, ...], outcomes: Sequence[Outcome]) -> bool:
        """Count annotations with their outcomes; True where the record needs no further look."""
        self._labels += [a.label for a in annotations]
        self._outcomes += outcomes
        kept = self._kept
        if not kept.keys() >= set(outcomes) or any([a.notices or a.weight != 1 for a in annotations]):  # noqa: C419
            return False
        return not outcomes or any(map(kept.__getitem__, outcomes))

    def add_run(self, labels: list[str], outcomes: list[Outcome]) -> None:
        """Count classes of annotations with outcomes that need no further look."""
        self._labels += labels
        self._outcomes += outcomes

    def settle(self, outcome: Outcome, kept: bool) -> None:
        """An outcome needs no further look from now on; ``kept`` tells whether it keeps its annotation."""
        self._kept[outcome] = kept

    def sums(self) -> list[tuple[str | None, Outcome, int]]:
        """(class, outcome, annotations) for all pairs that met."""
        counted = Counter(zip(self._labels, self._outcomes, strict=True))
        return [(label, outcome, count) for (label, outcome), count in counted.items()]


def _keeps_any(outcomes: Sequence[Outcome]) -> bool:
    for outcome in outcomes:  # noqa: SIM110 - several times faster than any() with a generator, and per record
        if outcome.status in _KEPT:
            return True
    return False


def overlaps_by_code(counts: Counts) -> Mapping[str, Mapping[str, object]]:
    """Measured IoU per code for a manifest, sorted."""
    return {code: overlap.plain() for code, overlap in sorted(counts.overlaps.items())}


def codes_by_class(counts: Counts) -> Mapping[str, Mapping[str, int]]:
    """Counts per code and class for a manifest, sorted; annotations without a class stand under ``""``."""
    table: dict[str, dict[str, int]] = {}
    for (code, label), count in sorted(counts.codes.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        table.setdefault(code, {})[label or ""] = count
    return table
