"""Few cases in which all values of any two dimensions meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

__all__ = ["Case", "pairs_of", "pairwise"]

#: One value for each dimension.
Case = dict[str, str]
Pair = tuple[tuple[str, str], tuple[str, str]]


def pairs_of(case: Mapping[str, str]) -> set[Pair]:
    """The pairs of values that a case covers."""
    return set(combinations(case.items(), 2))


def pairwise(dimensions: Mapping[str, Sequence[str]]) -> list[Case]:
    """Cases that cover every pair of values of any two dimensions, found greedily.

    Each case begins with a pair that is still missing and takes, dimension by dimension, the value that covers most of
    the rest. Where nothing is left to cover the first value is taken, so that the cheap one should stand first.
    """
    missing: dict[Pair, None] = {}
    for (one, ones), (other, others) in combinations(dimensions.items(), 2):
        missing.update({((one, left), (other, right)): None for left, right in product(ones, others)})
    cases = []
    while missing:
        chosen = dict(next(iter(missing)))
        for name, values in dimensions.items():
            if name not in chosen:
                chosen[name] = max(values, key=lambda value, name=name: _gain(missing, chosen, name, value))  # type: ignore[misc]
        case = {name: chosen[name] for name in dimensions}
        for pair in pairs_of(case):
            missing.pop(pair, None)
        cases.append(case)
    return cases


def _gain(missing: Mapping[Pair, None], chosen: Mapping[str, str], name: str, value: str) -> int:
    mine = (name, value)
    return sum(((item, mine) in missing) or ((mine, item) in missing) for item in chosen.items())
