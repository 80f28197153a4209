"""Regions upon each other, against sets of pixels."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exportkit.records.layers import common_count, run_length, uncovered, united
from exportkit.records.runs import Runs

Pixels = frozenset[int]
LAYERS = st.lists(st.frozensets(st.integers(0, 40), max_size=30), max_size=6)


def runs_of(pixels: Pixels) -> Runs:
    flat: list[int] = []
    for pixel in sorted(pixels):
        if flat and flat[-1] == pixel:
            flat[-1] = pixel + 1
        else:
            flat += (pixel, pixel + 1)
    return tuple(flat)


@given(LAYERS)
def test_the_union_has_every_pixel_once(layers: list[Pixels]) -> None:
    assert united(map(runs_of, layers)) == runs_of(frozenset[int]().union(*layers))


@given(LAYERS)
def test_later_layers_cover_earlier_ones(layers: list[Pixels]) -> None:
    expected = [own.difference(*layers[place + 1 :]) for place, own in enumerate(layers)]

    assert [pixels_of(runs) for runs in uncovered([*map(runs_of, layers)])] == expected


def pixels_of(runs: Runs) -> Pixels:
    return frozenset(p for start, end in zip(runs[0::2], runs[1::2], strict=True) for p in range(start, end))


@given(st.frozensets(st.integers(0, 40)), st.frozensets(st.integers(0, 40)))
def test_common_pixels_are_counted(one: Pixels, other: Pixels) -> None:
    assert common_count(runs_of(one), runs_of(other)) == len(one & other)
    assert run_length(runs_of(one)) == len(one)
