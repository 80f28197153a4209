"""The first reading: what must be known of all records before one of them is encoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from exportkit.bundles import Bundle, cut_shards
from exportkit.conversion.setup import load_setup
from exportkit.conversion.shard_survey import ShardSurvey, SurveyJob, survey_shard
from exportkit.engines import Engine
from exportkit.records import Skeleton

__all__ = ["SHARD_BYTES", "ShardSurvey", "Survey", "run_survey"]

#: Bytes of input in one shard: enough to make a job worth its start, little enough to hold many in memory.
SHARD_BYTES = 4 << 20
#: The same where each line stands for a picture that is read, too: a few hundred of them.
PICTURE_SHARD_BYTES = SHARD_BYTES >> 3


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
    size = PICTURE_SHARD_BYTES if load_setup(setup).media != "none" else SHARD_BYTES
    shards = [shard for part in bundle.parts for shard in cut_shards(part, size)]
    jobs = [SurveyJob(setup, shard, folder, number) for number, shard in enumerate(shards)]
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
