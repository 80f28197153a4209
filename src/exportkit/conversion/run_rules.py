"""What an encoded run of records must be to be believed, and cutting it."""

from __future__ import annotations

from itertools import chain

from exportkit.writing import EncodedRun, RecordRun
from exportkit.writing.record_run import Exceptions

__all__ = ["leading", "sound_run"]

_KEPT = frozenset({"written", "lossy"})


def sound_run(encoded: EncodedRun, run: RecordRun) -> bool:
    """Whether a writer gave one of everything for each record, plain outcomes, and bytes."""
    if not isinstance(encoded, EncodedRun) or len(encoded.pictures) > run.stop - run.start:
        return False
    count = len(encoded.pictures)
    pieces = encoded.streams.values()
    return (
        len(encoded.files) in {0, count}
        and len(encoded.outcomes) == sum(run.counts(count))
        and run.plain.issuperset(encoded.outcomes)
        and _keep_some(encoded, run, count)
        and all(0 <= place < count for place, *_ in encoded.overlaps)
        and {(type(path), type(data)) for path, data in encoded.files} <= {(str, bytes)}
        and all(len(own) == count and {*map(type, own)} == {bytes} for own in pieces)
        and _are_exceptions(encoded.exceptions, count)
    )


def leading(encoded: EncodedRun, run: RecordRun, count: int) -> EncodedRun:
    """The first ``count`` records of a run; the very same where it has no more."""
    if count >= len(encoded.pictures):
        return encoded
    return EncodedRun(
        encoded.outcomes[: sum(run.counts(count))],
        encoded.pictures[:count],
        encoded.files[:count],
        {key: pieces[:count] for key, pieces in encoded.streams.items()},
        {
            key: {place: piece for place, piece in own.items() if place < count}
            for key, own in encoded.exceptions.items()
        },
        [overlap for overlap in encoded.overlaps if overlap[0] < count],
    )


def _are_exceptions(exceptions: Exceptions, count: int) -> bool:
    places = set[int]().union(*exceptions.values())
    pieces = chain.from_iterable(own.values() for own in exceptions.values())
    return places.issubset(range(count)) and {*map(type, pieces)} <= {bytes}


def _keep_some(encoded: EncodedRun, run: RecordRun, count: int) -> bool:
    """Whether each record with annotations keeps one of them."""
    lost = {outcome for outcome in set(encoded.outcomes) if outcome.status not in _KEPT}
    if not lost:
        return True
    at = 0
    for size in run.counts(count):
        if size and lost.issuperset(encoded.outcomes[at : at + size]):
            return False
        at += size
    return True
