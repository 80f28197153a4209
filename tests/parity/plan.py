"""Which exports are compared: those that ask a server, and those that ask nobody.

Every pair of values of any two dimensions occurs; ``EXPORTKIT_PARITY=full`` takes all combinations.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Final

from tests.parity.pairwise import Case, Pair, pairs_of, pairwise
from tests.parity.ways import FORMATS, OFFLINE, WAYS

__all__ = ["BUNDLES", "NEVER", "OFFLINE_DIMENSIONS", "ONLINE_DIMENSIONS", "REFUSED", "name_of", "offline", "online"]

BUNDLES: Final = Path(__file__).parents[2] / "fixtures" / "bundles"
#: What rows cannot hold: the file and the line that --load names.
REFUSED: Final = {
    "dirty": ("task/part-00001.jsonl", 6),
    "mixed_layouts": ("assignment/part-00002.jsonl.gz", 1),
    "twins_ascending": ("task/part-00001.jsonl", 7),
    "twins_descending": ("task/part-00001.jsonl", 1),
    "twins_one_file": ("tasks.jsonl", 7),
    "twins_parts": ("task/part-00003.jsonl", 4),
    "twins_shuffled": ("task/part-00001.jsonl", 2),
}
_BUNDLES: Final = sorted(path.name for path in BUNDLES.iterdir() if path.name not in REFUSED)
_COURSES: Final = ["clean", "killed"]
ONLINE_DIMENSIONS: Final = {
    "bundle": _BUNDLES,
    "way": list(WAYS),
    "format": list(FORMATS),
    "target": ["task", "assignment", "ground_truth"],
    "database": ["sqlite", "postgresql"],
    "storage": ["folder", "s3"],
    #: Whether SYNAPSE_FORCE_V1_EXPORT is set.
    "interface": ["any", "v1"],
    "course": _COURSES,
}
OFFLINE_DIMENSIONS: Final = {
    "bundle": _BUNDLES,
    "way": list(OFFLINE),
    "format": list(FORMATS),
    "course": _COURSES,
}
#: An export in process that may use any interface does not go by pages, and one that is held to the first does.
NEVER: Final[frozenset[Pair]] = frozenset(
    {
        (("way", "v1"), ("interface", "any")),
        (("way", "stream"), ("interface", "v1")),
        (("way", "bulk"), ("interface", "v1")),
    }
)


def online() -> list[Case]:
    """Exports that ask a server, those of one server together."""
    found = _cases(ONLINE_DIMENSIONS, NEVER)
    return sorted(found, key=lambda case: (case["database"], case["storage"], case["bundle"], case["format"]))


def offline() -> list[Case]:
    """Exports that ask nobody."""
    return _cases(OFFLINE_DIMENSIONS, frozenset())


def name_of(case: Case) -> str:
    return "-".join(case.values())


def _cases(dimensions: Mapping[str, Sequence[str]], never: frozenset[Pair]) -> list[Case]:
    if os.environ.get("EXPORTKIT_PARITY") != "full":
        return pairwise(dimensions, never)
    every = (dict(zip(dimensions, values, strict=True)) for values in product(*dimensions.values()))
    return [case for case in every if never.isdisjoint(pairs_of(case))]
