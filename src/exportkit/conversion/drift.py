"""Keys that no schema names, as notices of a run (``N_DRIFT``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

import msgspec

from exportkit.conversion.planning import OrderedShard
from exportkit.conversion.rows import Row, read_rows
from exportkit.conversion.setup import SurveySetup
from exportkit.conversion.source import ShardSource
from exportkit.conversion.survey import Survey
from exportkit.normalize import unknown_keys
from exportkit.wire.tolerant import tolerant_loads

__all__ = ["drift_notices"]

#: So many records, in record order, are looked at whatever way they were read.
_LOOKED_AT = 1000
_NOTICES = 100


def drift_notices(survey: Survey, shards: Sequence[OrderedShard], setup: SurveySetup) -> Iterator[tuple[str, str]]:
    """One notice for each path of an unknown key (formats, section 1.3)."""
    found = set(survey.drift)
    rows = list(islice(chain.from_iterable(map(_ordered, shards)), _LOOKED_AT))
    with ShardSource(setup, rows, 0) as source:
        for line in source.lines():
            found.update(unknown_keys(_parsed(line)))
    for path in sorted(found)[:_NOTICES]:
        shown = path.encode("unicode_escape").decode("ascii")[:120]
        yield "N_DRIFT", f"The key {shown} is not known and is ignored; exportkit may be older than the backend."


def _parsed(line: bytes) -> dict[str, Any]:
    """A line that gave a record. Only its keys count, whatever becomes of numbers that few parsers take."""
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return tolerant_loads(line)


def _ordered(shard: OrderedShard) -> Iterator[Row]:
    rows = read_rows(shard.rows, Row)
    return reversed(list(rows)) if shard.backwards else rows
