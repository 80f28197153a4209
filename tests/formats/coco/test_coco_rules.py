"""Areas of rings in a written file, judged coarsely first and exactly where that does not settle it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exportkit_coco.rules import ObjectEntry, judge_object

Ring = tuple[float, ...]


def warnings_for(area: float, ring: Ring) -> list[str]:
    told: list[str] = []
    entry = ObjectEntry(1, 1, 1, (0, 0, 10, 10), area, 0, [ring])
    judge_object(entry, None, lambda code, severity, message: told.append(f"{code} {severity}: {message}"))
    return told


def exact_area(ring: Ring) -> float:
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True))) / 2


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=3, max_size=8).map(
        lambda points: tuple(float(number) for point in points for number in point)
    ),
    st.integers(1, 4000),
)
@example((300.0, 300.0, 310.0, 300.0, 310.0, 310.0, 300.0, 310.0), 101)
@settings(max_examples=100)
def test_an_area_within_one_percent_earns_no_warning(ring: Ring, area: int) -> None:
    near = 100 * abs(area - exact_area(ring)) <= exact_area(ring)

    told = warnings_for(area, ring)

    if near:
        assert told == []
    elif told:
        assert told == [
            f"C_COCO_AREA warn: area {area} differs by more than 1 % from the geometry's {exact_area(ring):.6g}"
        ]


@pytest.mark.parametrize(("area", "codes"), [(99, 0), (101, 0), (98.999, 1), (101.001, 1)])
def test_one_percent_is_judged_exactly(area: float, codes: int) -> None:
    assert len(warnings_for(area, (300.0, 300.0, 310.0, 300.0, 310.0, 310.0, 300.0, 310.0))) == codes


@pytest.mark.parametrize(("area", "codes"), [(100, 0), (102, 1)])
def test_noise_of_a_small_ring_far_away_decides_nothing(area: float, codes: int) -> None:
    far, beside = 2.0**33, 2.0**33 + 10

    told = warnings_for(area, (far, far, beside, far, beside, beside, far, beside))

    assert len([line for line in told if "C_COCO_AREA" in line]) == codes
