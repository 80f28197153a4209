"""Splits that are cut from the list of all units: the rows of the survey get them afterwards."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import msgspec

from exportkit.conversion.planning import OrderedShard
from exportkit.conversion.rows import Row, read_rows, write_rows
from exportkit.conversion.splits import Cut, SplitRequest, cut_units
from exportkit.conversion.survey import Survey
from exportkit.errors import UsageError

__all__ = ["ensure_grouped", "settle_splits"]


def ensure_grouped(field: str | None, survey: Survey, shards: Sequence[OrderedShard], *, has_splits: bool) -> None:
    """Raise UsageError where the field that holds the groups keeps nothing together: no splits, or no such field."""
    if field is None or not sum(survey.splits.values()):
        return
    if not has_splits and not survey.own_split:
        raise UsageError("--group-by acts on splits, and no record names one; ask for splits with --split.")
    if all(media.group is None for shard in shards for row in read_rows(shard.rows, Row) for media in row.media):
        raise UsageError(
            f"--group-by: no record has the field {field[:80]!a} in its line, its data_unit or its data; "
            "correct its spelling, or leave the option out."
        )


def settle_splits(
    request: SplitRequest, shards: Sequence[OrderedShard], survey: Survey, class_index: Mapping[str, int] | None
) -> None:
    """Give every row its split by ``random``, and count records and kinds anew.

    With a ``class_index`` the units are stratified: those of one rarest class are cut by themselves.
    """
    if class_index is None:
        units = array("Q", sorted({row.unit for row in _kept(shards)}))
        cut = cut_units(units, request.shares, [Fraction(0)] * len(request.shares))
        cuts: Mapping[int, Cut] = {}
    else:
        strata = _strata(shards, class_index)
        cuts, cut = _stratified(strata, request)
    survey.splits, survey.kinds = Counter(), Counter()
    for shard in shards:
        path = shard.rows.with_suffix(".split")
        rows = [_placed(row, cuts.get(row.unit, cut).of(row.unit)) for row in read_rows(shard.rows, Row)]
        write_rows(path, rows)
        path.replace(shard.rows)
        for row in rows:
            for media in row.media:
                if not media.dropped:
                    survey.splits[media.split] += 1
                    for kind, count in media.kinds.items():
                        survey.kinds[media.split, kind] += count


def _kept(shards: Sequence[OrderedShard]) -> Iterator[Row]:
    for shard in shards:
        for row in read_rows(shard.rows, Row):
            if not all(media.dropped for media in row.media):
                yield row


def _placed(row: Row, split: str) -> Row:
    media = tuple(msgspec.structs.replace(media, split=split) for media in row.media)
    return msgspec.structs.replace(row, media=media, labels=())


def _strata(shards: Sequence[OrderedShard], class_index: Mapping[str, int]) -> dict[int, list[int]]:
    """Units by the number of their rarest class (fewest units, then the smaller number); −1 for negatives."""
    classes: dict[int, set[int]] = {}
    for row in _kept(shards):
        found = classes.setdefault(row.unit, set())
        found.update(class_index[label] for label in row.labels if label in class_index)
    units_with: Counter[int] = Counter()
    for found in classes.values():
        units_with.update(found)
    strata: dict[int, list[int]] = {}
    for unit, found in classes.items():
        rarest = min(found, key=lambda index: (units_with[index], index), default=-1)
        strata.setdefault(rarest, []).append(unit)
    return strata


def _stratified(strata: Mapping[int, list[int]], request: SplitRequest) -> tuple[dict[int, Cut], Cut]:
    """The cut of each unit, and one that serves a row that has none."""
    carried = [Fraction(0)] * len(request.shares)
    cuts: dict[int, Cut] = {}
    # Negatives come last, since what they are cut by matters least.
    for number in sorted(strata, key=lambda number: (number < 0, number)):
        cut = cut_units(array("Q", strata[number]), request.shares, carried)
        cuts.update(dict.fromkeys(strata[number], cut))
    return cuts, Cut((request.shares[0][0],), ())
