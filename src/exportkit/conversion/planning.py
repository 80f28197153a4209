"""From what the survey found to the plan: order, classes, splits, names, and the jobs of the second reading."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from exportkit.conversion.rows import (
    ErrorRow,
    Row,
    merge_sorted,
    read_rows,
    repeated_id,
    same_id,
    typed_key,
    write_rows,
)
from exportkit.conversion.survey import SHARD_BYTES, ShardSurvey
from exportkit.records import Skeleton
from exportkit.writing import NamingRule, SplitFacts
from exportkit.writing.names import KeyIndex, NameCandidate, key_hash, name_key, plan_names, safe_name, split_stem

__all__ = [
    "OrderedShard",
    "Ordering",
    "main_skeleton",
    "order_shards",
    "plan_all_names",
    "skeletons_by_class",
    "source_numbers",
    "split_facts",
]

_FIRST_SPLITS = ("train", "val", "test")


class OrderedShard(msgspec.Struct, frozen=True):
    """A run of rows in record order."""

    rows: Path
    count: int
    backwards: bool
    records: int
    kinds: Counter[str]
    #: Added to the line numbers of the rows.
    line_base: int = 0


class Ordering(msgspec.Struct, frozen=True):
    """All rows in ascending typed order of ids, cut into shards; and the lines that repeat an id."""

    shards: tuple[OrderedShard, ...]
    repeated: tuple[Row, ...] = ()
    errors: tuple[ErrorRow, ...] = ()


def order_shards(surveys: Sequence[ShardSurvey], first_lines: Sequence[int], folder: Path) -> Ordering:
    """Bring the surveyed rows into record order.

    Input that is ascending, or exactly descending as keyset pages come, keeps its shards, so that it is
    read without seeks; anything else is merged on disk.
    """
    filled = [survey for survey in surveys if survey.rows_count]
    bases = [base for survey, base in zip(surveys, first_lines, strict=True) if survey.rows_count]
    if all(s.ascending for s in filled) and all(
        typed_key(a.last_id) < typed_key(b.first_id) for a, b in pairwise(filled)
    ):
        return Ordering(tuple(_kept(s, base, backwards=False) for s, base in zip(filled, bases, strict=True)))
    if all(s.descending for s in filled) and all(
        typed_key(a.last_id) > typed_key(b.first_id) for a, b in pairwise(filled)
    ):
        kept = [_kept(s, base, backwards=True) for s, base in zip(filled, bases, strict=True)]
        return Ordering(tuple(reversed(kept)))
    return _merged(filled, bases, folder)


def _kept(survey: ShardSurvey, line_base: int, *, backwards: bool) -> OrderedShard:
    kinds: Counter[str] = Counter()
    for (_, kind), count in survey.kinds.items():
        kinds[kind] += count
    return OrderedShard(survey.rows, survey.rows_count, backwards, sum(survey.splits.values()), kinds, line_base)


def _place(row: Row) -> tuple[tuple[int, int, str], int, int]:
    return (typed_key(row.id), row.part, row.offset)


def _merged(surveys: Sequence[ShardSurvey], line_bases: Sequence[int], folder: Path) -> Ordering:
    paths = []
    for survey, base in zip(surveys, line_bases, strict=True):
        rows = sorted(read_rows(survey.rows, Row), key=_place)
        write_rows(survey.rows, (msgspec.structs.replace(row, line=row.line + base) for row in rows))
        paths.append(survey.rows)
    repeated: list[Row] = []
    errors: list[ErrorRow] = []

    def distinct() -> Iterator[Row]:
        previous: Row | None = None
        for row in merge_sorted(paths, Row, _place, folder):
            if previous is not None and same_id(previous.id, row.id):
                repeated.append(row)
                errors.append(repeated_id(row.id, row.part, row.line, (previous.part, previous.line)))
                continue
            previous = row
            yield row

    shards = tuple(_cut(distinct(), folder))
    return Ordering(shards, tuple(repeated), tuple(errors))


def _cut(rows: Iterable[Row], folder: Path) -> Iterator[OrderedShard]:
    batch: list[Row] = []
    size = 0
    number = 0
    for row in rows:
        batch.append(row)
        size += row.length
        if size >= SHARD_BYTES:
            yield _written(batch, folder / f"ordered-{number:06d}.rows")
            batch, size, number = [], 0, number + 1
    if batch:
        yield _written(batch, folder / f"ordered-{number:06d}.rows")


def _written(rows: list[Row], path: Path) -> OrderedShard:
    write_rows(path, rows)
    kinds: Counter[str] = Counter()
    records = 0
    for row in rows:
        for media in row.media:
            if not media.dropped:
                records += 1
                kinds.update(media.kinds)
    return OrderedShard(path, len(rows), backwards=False, records=records, kinds=kinds)


def split_facts(records: Counter[str], kinds: Counter[tuple[str, str]]) -> tuple[SplitFacts, ...]:
    """Splits in the order train, val, test, then others by name; a dataset without records has an empty train."""
    names = sorted(records, key=lambda name: (_FIRST_SPLITS.index(name) if name in _FIRST_SPLITS else 3, name))
    return tuple(
        SplitFacts(name, records[name], {kind: n for (split, kind), n in sorted(kinds.items()) if split == name})
        for name in names or ["train"]
    )


def skeletons_by_class(counts: Counter[tuple[str, Skeleton]]) -> dict[str, tuple[Skeleton, ...]]:
    """Of each class its skeletons, the most frequent first, equal ones by name and points."""
    found: dict[str, list[Skeleton]] = {}
    for (label, skeleton), _ in sorted(counts.items(), key=lambda item: (item[0][0], -item[1], *_by_name(item[0][1]))):
        found.setdefault(label, []).append(skeleton)
    return {label: tuple(skeletons) for label, skeletons in found.items()}


def source_numbers(counts: Counter[tuple[str, int]], index: Mapping[str, int]) -> dict[int, int]:
    """The number that the source gave each class, by index; empty unless each has one and only one of its own."""
    numbers: dict[int, set[int]] = {}
    for label, number in counts:
        if label in index:
            numbers.setdefault(index[label], set()).add(number)
    found = {place: next(iter(own)) for place, own in sorted(numbers.items()) if len(own) == 1}
    whole = len(found) == len(set(index.values())) == len(set(found.values()))
    return found if whole else {}


def main_skeleton(counts: Counter[tuple[str, Skeleton]]) -> Skeleton | None:
    """The skeleton that most objects have, whatever their class."""
    sums: Counter[Skeleton] = Counter()
    for (_, skeleton), count in counts.items():
        sums[skeleton] += count
    return min(sums, key=lambda skeleton: (-sums[skeleton], *_by_name(skeleton)), default=None)


def _by_name(skeleton: Skeleton) -> tuple[str, tuple[str, ...], tuple[tuple[int, int], ...]]:
    return skeleton.name, skeleton.points, skeleton.edges


def plan_all_names(
    rules: Sequence[NamingRule],
    surveys: Sequence[ShardSurvey],
    gone: Sequence[Counter[int]],
    shards: Sequence[OrderedShard],
) -> list[dict[int, str]]:
    """For each naming rule: new names by ordinal. ``gone`` are key hashes of lines that turned out to be repeated."""
    plans: list[dict[int, str]] = []
    for position, rule in enumerate(rules):
        hashes = array("Q")
        changed = False
        for survey in surveys:
            hashes.frombytes(survey.name_keys[position])
            changed = changed or survey.names_changed[position]
        if gone[position]:
            hashes = _without(hashes, gone[position])
        index = KeyIndex(hashes)
        reserved = {key_hash(name_key(stem)) for stem in rule.reserved_stems}
        if not changed and not index.repeated and not any(value in index for value in reserved):
            plans.append({})
            continue
        literal = _literal_keys(rule, shards) if changed else index
        wanted = index.repeated | {value for value in reserved if value in index}
        candidates = _candidates(rule, wanted, shards)
        plan = plan_names(candidates, lambda key, known=literal: key_hash(key) in known, rule.reserved_stems)  # type: ignore[misc]
        plans.append(plan.renamed)
    return plans


def _without(hashes: array[int], gone: Counter[int]) -> array[int]:
    kept = array("Q")
    left = Counter(gone)
    for value in hashes:
        if left[value] > 0:
            left[value] -= 1
        else:
            kept.append(value)
    return kept


def _literal_keys(rule: NamingRule, shards: Sequence[OrderedShard]) -> KeyIndex:
    keys = array("Q")
    for candidate in _named(rule, shards):
        if not candidate.changed:
            keys.append(key_hash(name_key(split_stem(candidate.name)[0])))
    return KeyIndex(keys)


def _named(rule: NamingRule, shards: Sequence[OrderedShard]) -> Iterator[NameCandidate]:
    from exportkit.errors import RecordFault

    ordinal = 0
    for shard in shards:
        rows = list(read_rows(shard.rows, Row))
        for row in reversed(rows) if shard.backwards else rows:
            several = len(row.media) > 1
            for media in row.media:
                if media.dropped:
                    continue
                try:
                    safe = safe_name(media.name, rule, media.format)
                    yield NameCandidate(ordinal, row.id, media.media_id if several else None, safe.name, safe.changed)
                except RecordFault:
                    pass
                ordinal += 1


def _candidates(rule: NamingRule, wanted: set[int], shards: Sequence[OrderedShard]) -> Iterator[NameCandidate]:
    for candidate in _named(rule, shards):
        if candidate.changed or key_hash(name_key(split_stem(candidate.name)[0])) in wanted:
            yield candidate
