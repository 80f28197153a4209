"""Few cases in which all values of any two dimensions meet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, product

__all__ = ["Case", "Pair", "pairs_of", "pairwise"]

#: One value for each dimension.
Case = dict[str, str]
#: Two values, each with the name of its dimension, in the order of the dimensions.
Pair = tuple[tuple[str, str], tuple[str, str]]


def pairs_of(case: Mapping[str, str]) -> set[Pair]:
    """The pairs of values that a case covers."""
    return set(combinations(case.items(), 2))


def _all_pairs(dimensions: Mapping[str, Sequence[str]]) -> list[Pair]:
    """Every pair of values of any two dimensions."""
    return [
        ((one, left), (other, right))
        for (one, ones), (other, others) in combinations(dimensions.items(), 2)
        for left, right in product(ones, others)
    ]


def pairwise(dimensions: Mapping[str, Sequence[str]], never: Collection[Pair] = ()) -> list[Case]:
    """Cases that cover every pair of values of any two dimensions but those that `never` occur, found greedily.

    Each case begins with a pair that is still missing and takes, dimension by dimension, the value that covers most of
    the rest. Where nothing is left to cover the first value is taken, so that the cheap one should stand first.
    """
    missing = dict.fromkeys(pair for pair in _all_pairs(dimensions) if pair not in never)
    cases = []
    while missing:
        chosen = dict(next(iter(missing)))
        for name, values in dimensions.items():
            if name not in chosen:
                possible = [value for value in values if not _met(never, chosen, name, value)]
                chosen[name] = max(possible, key=lambda value, name=name: _met(missing, chosen, name, value))  # type: ignore[misc]
        case = {name: chosen[name] for name in dimensions}
        for pair in pairs_of(case):
            missing.pop(pair, None)
        cases.append(case)
    return cases


def _met(pairs: Collection[Pair], chosen: Mapping[str, str], name: str, value: str) -> int:
    """How many of these pairs a value makes with what is chosen."""
    mine = (name, value)
    return sum(((item, mine) in pairs) or ((mine, item) in pairs) for item in chosen.items())
