"""Taking back what the survey counted of lines that turned out to repeat an id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from exportkit.conversion.rows import Row
from exportkit.conversion.setup import SurveySetup
from exportkit.conversion.source import ShardSource
from exportkit.conversion.survey import Survey
from exportkit.errors import RecordFault
from exportkit.records import LABELLED_KINDS
from exportkit.writing.names import key_hash, name_key, safe_name, split_stem

__all__ = ["forget_repeated"]


def forget_repeated(rows: Sequence[Row], survey: Survey, setup: SurveySetup) -> list[Counter[int]]:
    """Subtract repeated lines from the survey's sums; for each naming rule, give the name keys to be left out."""
    gone: list[Counter[int]] = [Counter() for _ in setup.rules]
    if not rows:
        return gone
    with ShardSource(setup, rows, 0) as source:
        for row, surveyed in source.surveyed():
            for media, record in zip(row.media, surveyed, strict=True):
                if media.dropped:
                    survey.filtered -= 1
                    continue
                survey.splits[media.split] -= 1
                survey.media[record.medium] -= 1
                for kind, count in media.kinds.items():
                    survey.kinds[media.split, kind] -= count
                for kind, label in record.contents:
                    if label is not None and kind in LABELLED_KINDS:
                        survey.labels[label] -= 1
                survey.skeletons.subtract(record.skeletons)
                survey.outlined -= record.outlined
                survey.numbers.subtract(record.numbers)
                for keys, rule in zip(gone, setup.rules, strict=True):
                    try:
                        safe = safe_name(media.name, rule, media.format)
                    except RecordFault:
                        continue
                    keys[key_hash(name_key(split_stem(safe.name)[0]))] += 1
    # Unary plus keeps what is positive.
    survey.splits, survey.media, survey.kinds = +survey.splits, +survey.media, +survey.kinds
    survey.labels, survey.skeletons, survey.numbers = +survey.labels, +survey.skeletons, +survey.numbers
    return gone
