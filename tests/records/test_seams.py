"""Seams keep the even-odd area and tie rings at their closest vertices."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exportkit.records.seams import join_rings

Point = tuple[float, float]


def signed_area(ring: list[float]) -> float:
    points = list(zip(ring[::2], ring[1::2], strict=True))
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True)) / 2


def joined_plainly(first: list[float], others: list[list[float]]) -> list[float]:
    """The definition, without any search structure: try every pair of vertices."""
    walk = list(enumerate(zip(first[::2], first[1::2], strict=True)))
    count = len(walk)
    for ring in others:
        points = list(zip(ring[::2], ring[1::2], strict=True))
        places: dict[int, tuple[int, Point]] = {}
        for place, (vertex, point) in enumerate(walk):
            places.setdefault(vertex, (place, point))
        _, vertex, there = min(
            ((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2, vertex, number)
            for vertex, (_, p) in places.items()
            for number, q in enumerate(points)
        )
        place = places[vertex][0]
        new = list(enumerate(points[there:] + points[:there], count))
        count += len(points)
        walk = [*walk[: place + 1], *new, new[0], walk[place], *walk[place + 1 :]]
    return [value for _, point in walk for value in point]


value = st.integers(0, 12) | st.integers(0, 900)


@st.composite
def rings(draw: st.DrawFn) -> list[float]:
    """Points near each other around a place of their own, so that rings lie beside and across each other."""
    near = draw(st.sampled_from([6, 40, 900]))
    points = draw(st.lists(st.tuples(st.integers(0, near), st.integers(0, near)), min_size=3, max_size=9))
    right, down = draw(st.tuples(value, value))
    return [coordinate for x, y in points for coordinate in (x + right, y + down)]


ring = rings()


@settings(max_examples=300)
@example(
    first=[60, 50, 40, 60, 40, 40],
    others=[[60, 50, 60, 60, 40, 60, 40, 50, 40, 40, 60, 40], [110, 100, 95, 109, 95, 91]],
)
@given(first=ring, others=st.lists(ring, max_size=5))
def test_rings_are_tied_at_the_closest_pair_first_in_order(first: list[float], others: list[list[float]]) -> None:
    joined = join_rings(first, others)

    assert joined == joined_plainly(first, others)
    assert signed_area(joined) == signed_area(first) + sum(map(signed_area, others))


def test_a_hole_is_walked_there_and_back() -> None:
    joined = join_rings([0, 0, 40, 0, 40, 40, 0, 40], [[10, 10, 10, 20, 20, 20, 20, 10]])

    assert joined == [0, 0, 10, 10, 10, 20, 20, 20, 20, 10, 10, 10, 0, 0, 40, 0, 40, 40, 0, 40]


def test_thousands_of_holes_do_not_hang() -> None:
    holes = [[x, y, x, y + 1, x + 1, y + 1, x + 1, y] for x in range(1, 200, 4) for y in range(1, 200, 4)]

    assert len(join_rings([0, 0, 200, 0, 200, 200, 0, 200], holes)) == 8 + len(holes) * 12
